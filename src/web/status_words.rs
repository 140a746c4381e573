//! What is counted, in the words of people: English and Chinese.

use super::shell::Language;
use crate::meters::{Answer, Left, Question, Refused, Source, State};

/// Where answers came from.
pub(super) fn source(source: Source, language: Language) -> &'static str {
    let (english, chinese) = match source {
        Source::Hit => ("from the cache", "来自缓存"),
        Source::Miss => ("fetched", "新抓取"),
        Source::Join => ("shared a fetch", "共享同一次抓取"),
        Source::Revalidated => ("confirmed by Confluence", "经 Confluence 确认"),
        Source::Stale => (
            "kept copy while Confluence failed",
            "Confluence 故障期间的旧副本",
        ),
        Source::Error => ("errors", "错误"),
        Source::Page => ("pages of this service", "本服务的页面"),
    };
    language.pick(english, chinese)
}

/// What connections are doing.
pub(super) fn state(state: State, language: Language) -> &'static str {
    let (english, chinese) = match state {
        State::Idle => ("idle", "空闲"),
        State::Reading => ("sending a request", "正在发送请求"),
        State::Handshaking => ("agreeing on TLS", "TLS 握手中"),
        State::UnderWay => ("waiting for an answer", "等待答复"),
        State::Writing => ("being answered", "正在接收答复"),
        State::Lingering => ("closing", "正在关闭"),
    };
    language.pick(english, chinese)
}

/// Why copies left.
pub(super) fn left(left: Left, language: Language) -> &'static str {
    let (english, chinese) = match left {
        Left::Room => ("for want of room", "空间不足"),
        Left::Expired => ("too old", "过期"),
        Left::Purged => ("purged", "被清除"),
        Left::Replaced => ("newer version", "被新版本取代"),
        Left::Withdrawn => ("gone from Confluence", "在 Confluence 中已不可见"),
    };
    language.pick(english, chinese)
}

/// Why requests were turned away.
pub(super) fn refused(refused: Refused, language: Language) -> &'static str {
    let (english, chinese) = match refused {
        Refused::Malformed => ("not proper HTTP", "不是合法的 HTTP"),
        Refused::Method => ("unknown method", "未知方法"),
        Refused::Slow => ("request too slow", "请求过慢"),
        Refused::Body => ("unwanted body", "不接受的请求体"),
        Refused::FormTooLarge => ("form too large", "表单过大"),
        Refused::MediaType => ("body that is no form", "请求体不是表单"),
        Refused::TargetTooLong => ("address too long", "地址过长"),
        Refused::Expectation => ("unknown Expect", "未知的 Expect"),
        Refused::HeadTooLarge => ("head too large", "请求头过大"),
        Refused::TooManyFields => ("too many header fields", "请求头字段过多"),
        Refused::Busy => ("too many requests at once", "同时请求过多"),
        Refused::Stopping => ("service stopping", "服务正在停止"),
        Refused::Crowded => ("too many connections", "连接过多"),
        Refused::AddressCrowded => ("too many from one address", "同一地址的连接过多"),
        Refused::Version => ("unknown HTTP version", "未知的 HTTP 版本"),
        Refused::Handshake => ("TLS not agreed on", "TLS 握手失败"),
    };
    language.pick(english, chinese)
}

/// What Confluence is asked for.
pub(super) fn question(question: Question, language: Language) -> &'static str {
    let (english, chinese) = match question {
        Question::File => ("file, to its first bytes", "文件（到首批字节）"),
        Question::Metadata => ("metadata", "元数据"),
        Question::Login => ("login test", "登录检测"),
        Question::Media => ("media host, to its first bytes", "媒体主机（到首批字节）"),
    };
    language.pick(english, chinese)
}

/// What came of it.
pub(super) fn answer(answer: Answer, language: Language) -> &'static str {
    let (english, chinese) = match answer {
        Answer::Good => ("good", "成功"),
        Answer::Missing => ("missing", "不存在"),
        Answer::Refused => ("account refused", "账号被拒"),
        Answer::Busy => ("asked to pause", "要求暂停"),
        Answer::TimedOut => ("too slow", "超时"),
        Answer::Unreachable => ("unreachable or cut", "无法连接或中断"),
        Answer::Failed => ("failed", "失败"),
        Answer::Interrupted => ("service stopping", "服务正在停止"),
    };
    language.pick(english, chinese)
}
