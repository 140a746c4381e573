//! The positions of the switchboard: how Confluence behaves in each, and what one sees of that at the proxy.

use std::time::Duration;

use super::behaviour::{Behaviour, Fault};

/// How late every answer is in the position "slow".
const DELAY: Duration = Duration::from_secs(3);

/// What the position "429" asks for, in seconds.
const RETRY_AFTER_SECONDS: &str = "20";

/// A text in English and in Chinese.
pub(super) type Pair = (&'static str, &'static str);

/// One position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Switch {
    #[default]
    Normal,
    Slow,
    Down,
    WrongPassword,
    Captcha,
    RateLimited,
    LoginPage,
    Maintenance,
}

/// What people read about a position.
pub(super) struct Words {
    /// On its button.
    pub(super) name: Pair,
    /// What Confluence does.
    pub(super) deed: Pair,
    /// What one sees at the proxy.
    pub(super) effect: Pair,
    /// How all is well again, once this is over.
    pub(super) way_back: Pair,
}

/// After what shuts the account guard.
const RELOAD: Pair = (
    "Switch to normal, then tell the proxy that the account is good again: {reload}. In real life that is systemctl reload, or a new password in the secret file.",
    "先切换到“正常”，再告诉代理账号已恢复：{reload}。实际使用中执行 systemctl reload，或者更新密码文件。",
);

/// After what passes.
const BY_ITSELF: Pair = (
    "Switch to normal: the next request goes through, nobody has to do anything at the proxy.",
    "切换到“正常”即可：下一个请求就会成功，代理这边不需要做任何事。",
);

impl Switch {
    /// In the order of the buttons.
    pub(super) const ALL: [Switch; 8] = [
        Switch::Normal,
        Switch::Slow,
        Switch::Down,
        Switch::RateLimited,
        Switch::Maintenance,
        Switch::WrongPassword,
        Switch::Captcha,
        Switch::LoginPage,
    ];

    /// In addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Switch::Normal => "normal",
            Switch::Slow => "slow",
            Switch::Down => "down",
            Switch::WrongPassword => "wrong-password",
            Switch::Captcha => "captcha",
            Switch::RateLimited => "429",
            Switch::LoginPage => "login-page",
            Switch::Maintenance => "maintenance",
        }
    }

    /// The position of this word.
    pub(super) fn of(word: &str) -> Option<Switch> {
        Switch::ALL.into_iter().find(|switch| switch.word() == word)
    }

    /// How the whole site behaves.
    pub(super) fn behaviour(self) -> Behaviour {
        match self {
            Switch::Normal => Behaviour::Good,
            Switch::Slow => Behaviour::slow(DELAY),
            Switch::Down => Behaviour::Closed,
            Switch::WrongPassword => {
                let reason = "AUTHENTICATED_FAILED".to_owned();
                Fault::LoginRefused { reason }.into()
            }
            Switch::Captcha => Fault::Captcha.into(),
            Switch::RateLimited => Behaviour::rate_limited(RETRY_AFTER_SECONDS),
            Switch::LoginPage => Fault::LoginPage.into(),
            Switch::Maintenance => Fault::MaintenancePage.into(),
        }
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Switch::Normal => &NORMAL,
            Switch::Slow => &SLOW,
            Switch::Down => &DOWN,
            Switch::RateLimited => &RATE_LIMITED,
            Switch::Maintenance => &MAINTENANCE,
            Switch::WrongPassword => &WRONG_PASSWORD,
            Switch::Captcha => &CAPTCHA,
            Switch::LoginPage => &LOGIN_PAGE,
        }
    }
}

const NORMAL: Words = Words {
    name: ("Normal", "正常"),
    deed: ("Confluence answers as it should.", "Confluence 正常响应。"),
    effect: (
        "The first request for a file fetches it (X-Cache: MISS), every further one is answered from memory (HIT), and the numbers below stand still.",
        "每个文件的第一个请求会去获取（X-Cache: MISS），之后的请求都由内存应答（HIT），下面的数字不再变化。",
    ),
    way_back: (
        "Nothing to do. If the account was refused before: {reload}.",
        "无需操作。如果账号之前曾被拒绝：{reload}。",
    ),
};

const SLOW: Words = Words {
    name: ("Slow", "缓慢"),
    deed: (
        "Every answer of Confluence takes three seconds.",
        "Confluence 的每个响应都要三秒。",
    ),
    effect: (
        "Files that are kept come at once. A new one takes three seconds, also for many people at the same time: they share one download.",
        "已缓存的文件立刻返回；新文件需要三秒，很多人同时请求时也一样：大家共用一次下载。",
    ),
    way_back: BY_ITSELF,
};

const DOWN: Words = Words {
    name: ("Down", "宕机"),
    deed: (
        "Confluence closes every connection without a word. This page goes on.",
        "Confluence 直接关闭所有连接，本页面不受影响。",
    ),
    effect: (
        "Files that are kept come as if nothing had happened, for a day even when their hour is over. A new one is refused with 502: Confluence cannot be reached.",
        "已缓存的文件照常返回，过期之后一天之内也是如此；新文件返回 502：无法连接 Confluence。",
    ),
    way_back: BY_ITSELF,
};

const RATE_LIMITED: Words = Words {
    name: ("429", "限流 429"),
    deed: (
        "Confluence answers 429 Too Many Requests with Retry-After: 20.",
        "Confluence 返回 429，Retry-After 为 20 秒。",
    ),
    effect: (
        "A new file is refused with 503 and Retry-After. The proxy asks nothing for those 20 seconds, whatever people ask of it: the numbers below stand still.",
        "新文件返回 503 和 Retry-After。这 20 秒内无论收到多少请求，代理都不再访问 Confluence：下面的数字不变。",
    ),
    way_back: (
        "Switch to normal, and wait until the 20 seconds are over.",
        "切换到“正常”，等 20 秒过去即可。",
    ),
};

const MAINTENANCE: Words = Words {
    name: ("Maintenance", "维护"),
    deed: (
        "A server in front of Confluence answers every address with a maintenance page, and with status 200.",
        "Confluence 前面的服务器对所有地址都返回维护页面，状态码却是 200。",
    ),
    effect: (
        "The page is not taken for the file: a new file is refused with 502, Confluence is being maintained. Nothing of it is kept.",
        "代理不会把该页面当作文件：新文件返回 502，说明 Confluence 正在维护；页面不会被缓存。",
    ),
    way_back: BY_ITSELF,
};

const WRONG_PASSWORD: Words = Words {
    name: ("Wrong password", "密码错误"),
    deed: (
        "Confluence refuses the password of the proxy's account (401).",
        "Confluence 拒绝代理账号的密码（401）。",
    ),
    effect: (
        "The first new file is refused with 502, and the proxy shuts its account guard: from then on 503, and not one more failed login, because the third would lock the account. Files that are kept go on.",
        "第一个新文件返回 502，代理随即关闭账号保护：之后返回 503，不再产生登录失败，因为第三次失败会锁定账号。已缓存的文件照常返回。",
    ),
    way_back: RELOAD,
};

const CAPTCHA: Words = Words {
    name: ("CAPTCHA", "验证码"),
    deed: (
        "Confluence has locked the account until a person solves a CAPTCHA (403).",
        "Confluence 锁定了账号，要求人工输入验证码（403）。",
    ),
    effect: (
        "New files are refused with 502, then 503, and the proxy stops asking. Its log and /status say that somebody must log in with a browser. Files that are kept go on.",
        "新文件先返回 502，再返回 503，代理不再访问 Confluence；日志和 /status 说明需要有人用浏览器登录一次。已缓存的文件照常返回。",
    ),
    way_back: RELOAD,
};

const LOGIN_PAGE: Words = Words {
    name: ("Login page", "登录页"),
    deed: (
        "Confluence answers every address with its login page, and with status 200.",
        "Confluence 对所有地址都返回登录页，状态码却是 200。",
    ),
    effect: (
        "The page is recognised and never handed on as a picture: 502, then 503, as with a wrong password. Files that are kept go on.",
        "代理能识别登录页，绝不会把它当作图片转交：先 502，再 503，与密码错误相同。已缓存的文件照常返回。",
    ),
    way_back: RELOAD,
};
