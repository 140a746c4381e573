//! What is said about each problem: the one table, English and Chinese side by side (pure).
//!
//! Programs and terminals get the English; a browser's reader gets the language that the browser asks for.

/// A text in English and in Chinese. What stands in braces is filled in for the occasion.
pub(super) type Pair = (&'static str, &'static str);

/// What is said about one kind of problem.
#[derive(Debug)]
pub(super) struct Saying {
    /// For a placeholder that stands where a picture should be: at most 18 columns, two for each Chinese character.
    pub(super) short: Pair,
    /// What happened.
    pub(super) detail: Pair,
    /// What the reader or the operator should do.
    pub(super) remedy: Pair,
}

const OPERATOR: Pair = (
    "tell the operator of this proxy; its log says what to do",
    "请联系本代理的运维人员，处理办法见代理日志",
);
const LATER: Pair = ("try again in a moment", "请稍候再试");
const MUCH_LATER: Pair = ("try again later", "请过一段时间再试");
const LATER_OR_OPERATOR: Pair = (
    "try again in a moment; if it stays so, tell the operator of this proxy",
    "请稍候再试；如果一直如此，请联系本代理的运维人员",
);

pub(super) const NOT_FOUND: Saying = Saying {
    short: ("file not found", "找不到附件"),
    detail: (
        "Confluence has no such attachment, or the proxy's account may not see it",
        "Confluence 中没有这个附件，或者代理账号无权查看它",
    ),
    remedy: (
        "check the file name and that the number is the page's id, not the attachment's own",
        "请检查文件名，并确认地址中的数字是页面 ID，而不是附件自己的 ID",
    ),
};

pub(super) const SILENT: Saying = Saying {
    short: ("Confluence is slow", "Confluence 无响应"),
    detail: (
        "Confluence did not answer in time",
        "Confluence 没有及时响应",
    ),
    remedy: LATER,
};

pub(super) const LIMITED: Saying = Saying {
    short: ("Confluence is busy", "Confluence 繁忙"),
    detail: (
        "Confluence limits how often it may be asked",
        "Confluence 限制了访问频率",
    ),
    remedy: MUCH_LATER,
};

pub(super) const NO_ACCOUNT: Saying = Saying {
    short: ("login refused", "代理账号被拒绝"),
    detail: (
        "Confluence does not accept the proxy's account (it shows a login instead)",
        "Confluence 不接受代理账号（它要求登录）",
    ),
    remedy: OPERATOR,
};

pub(super) const STOPPING: Saying = Saying {
    short: ("proxy is stopping", "代理正在停止"),
    detail: ("the proxy is stopping", "代理正在停止"),
    remedy: LATER,
};

pub(super) const NOT_PUBLISHED: Saying = Saying {
    short: ("not published", "未公开"),
    detail: (
        "this proxy does not publish attachments of this page",
        "本代理不公开此页面的附件",
    ),
    remedy: (
        "open the link in Confluence itself, or ask the operator of this proxy to publish the page or its space",
        "请直接在 Confluence 中打开链接，或者请本代理的运维人员公开此页面或其空间",
    ),
};

pub(super) const FORBIDDEN: Saying = Saying {
    short: ("no permission", "没有权限"),
    detail: (
        "Confluence forbids the proxy's account this attachment",
        "Confluence 禁止代理账号读取这个附件",
    ),
    remedy: (
        "ask for a copy, or for the page's restrictions to admit the proxy's account",
        "请向页面作者索取副本，或者请对方在页面限制中允许代理账号访问",
    ),
};

pub(super) const MOVED: Saying = Saying {
    short: ("Confluence moved", "Confluence 已迁移"),
    detail: (
        "Confluence answered with a redirect instead of the file",
        "Confluence 返回的是跳转，而不是文件",
    ),
    remedy: OPERATOR,
};

pub(super) const UNREACHABLE: Saying = Saying {
    short: ("Confluence is down", "Confluence 不可达"),
    detail: ("Confluence cannot be reached", "无法连接 Confluence"),
    remedy: LATER_OR_OPERATOR,
};

pub(super) const FAILING: Saying = Saying {
    short: ("Confluence failed", "Confluence 出错"),
    detail: (
        "Confluence failed with status {status}",
        "Confluence 出错，状态码 {status}",
    ),
    remedy: LATER_OR_OPERATOR,
};

pub(super) const BROKEN: Saying = Saying {
    short: ("file was cut short", "文件不完整"),
    detail: (
        "Confluence ended the file before its end",
        "Confluence 没有把文件传完",
    ),
    remedy: LATER,
};

pub(super) const MAINTENANCE: Saying = Saying {
    short: ("maintenance", "Confluence 维护中"),
    detail: ("Confluence is being maintained", "Confluence 正在维护"),
    remedy: MUCH_LATER,
};

pub(super) const OUT_OF_SCOPE: Saying = Saying {
    short: ("token too limited", "令牌权限不足"),
    detail: (
        "the proxy's token may not ask Confluence this",
        "代理的令牌无权向 Confluence 提出此请求",
    ),
    remedy: (
        "use the address with the page's id; else tell the operator of this proxy",
        "请改用带页面 ID 的地址；否则请联系本代理的运维人员",
    ),
};

pub(super) const ASTRAY: Saying = Saying {
    short: ("file not delivered", "文件未送达"),
    detail: (
        "Confluence did not say properly where the file is",
        "Confluence 没有正确告知文件的位置",
    ),
    remedy: LATER_OR_OPERATOR,
};

pub(super) const NOT_THE_FILE: Saying = Saying {
    short: ("not the file", "返回的不是文件"),
    detail: (
        "Confluence answered something that is not the file",
        "Confluence 返回的不是这个文件",
    ),
    remedy: OPERATOR,
};

pub(super) const INTERNAL: Saying = Saying {
    short: ("proxy error", "代理内部错误"),
    detail: ("something went wrong inside the proxy", "代理内部出错"),
    remedy: (
        "try again; if it stays so, tell the operator of this proxy, whose log has the details",
        "请重试；如果一直如此，请联系本代理的运维人员，详情见代理日志",
    ),
};

pub(super) const BUSY: Saying = Saying {
    short: ("busy, try again", "繁忙，请重试"),
    detail: (
        "too many files are being fetched at this moment",
        "此刻正在获取的文件太多",
    ),
    remedy: ("try again in a few seconds", "请过几秒再试"),
};

pub(super) const NOT_AN_OPERATOR: Saying = Saying {
    short: ("operators only", "仅限运维人员"),
    detail: (
        "copies can be removed only from the proxy's own host, or from where its operator allows it",
        "只能在代理所在的主机上，或者在运维人员允许的地址上删除副本",
    ),
    remedy: (
        "send the DELETE to its loopback address, or have your address added to PROXY_ADMIN_ALLOW",
        "请把 DELETE 请求发到它的回环地址，或者请人把您的地址加入 PROXY_ADMIN_ALLOW",
    ),
};

pub(super) const METHOD: Saying = Saying {
    short: ("wrong method", "方法不支持"),
    detail: ("this address answers {allow}", "此地址只支持 {allow}"),
    remedy: ("use one of these methods", "请使用其中一种方法"),
};

pub(super) const NOWHERE: Saying = Saying {
    short: ("no such address", "地址不存在"),
    detail: ("{why}", "{why}"),
    remedy: (
        "the page at {base path}/ explains the addresses",
        "{base path}/ 页面说明了可用的地址",
    ),
};

pub(super) const BAD_REQUEST: Saying = Saying {
    short: ("bad address", "地址有误"),
    detail: ("{why}", "{why}"),
    remedy: (
        "correct the address; names are percent-encoded UTF-8",
        "请更正地址；名称须是百分号编码的 UTF-8",
    ),
};

pub(super) const NO_PAGE: Saying = Saying {
    short: ("page not found", "找不到页面"),
    detail: (
        "Confluence has no such page, or the proxy's account may not see it",
        "Confluence 中没有这个页面，或者代理账号无权查看它",
    ),
    remedy: (
        "check that the number is the page's id: the one behind pageId= or /pages/ in its address",
        "请确认地址中的数字是页面 ID，即页面地址里 pageId= 或 /pages/ 后面的数字",
    ),
};

pub(super) const PAGE_FORBIDDEN: Saying = Saying {
    short: ("no permission", "没有权限"),
    detail: (
        "Confluence forbids the proxy's account this page",
        "Confluence 禁止代理账号读取这个页面",
    ),
    remedy: (
        "ask for the page's restrictions to admit the proxy's account",
        "请对方在页面限制中允许代理账号访问",
    ),
};

pub(super) const TOO_MANY_JOBS: Saying = Saying {
    short: ("busy, try again", "繁忙，请重试"),
    detail: ("too many pages are being warmed", "正在预热的页面太多"),
    remedy: (
        "try again when some of them are done",
        "请等其中一些完成后再试",
    ),
};

pub(super) const NO_SUCH_JOB: Saying = Saying {
    short: ("no such job", "任务不存在"),
    detail: (
        "no such job is known for this page",
        "此页面没有这个预热任务",
    ),
    remedy: (
        "start another one: POST without a job",
        "请重新开始一个：发送不带 job 的 POST",
    ),
};
