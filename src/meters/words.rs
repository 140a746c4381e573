//! The kinds of things that are counted, each with the lasting word under which others see it.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of_variant:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$of_variant])* $variant,)+
        }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: [$name; [$($word),+].len()] = [$($name::$variant),+];

            /// Its word.
            pub fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }
        }
    };
}

words! {
    /// Where an answer came from.
    Source {
        /// A fresh copy.
        Hit = "hit",
        /// A download that this request has caused.
        Miss = "miss",
        /// A download that ran already.
        Join = "join",
        /// A copy that Confluence has just confirmed.
        Revalidated = "revalidated",
        /// A copy that is no longer fresh, because Confluence failed.
        Stale = "stale",
        /// There was no file to give.
        Error = "error",
        /// A page of our own.
        Page = "page",
    }
}

impl Source {
    /// The source of this word in the log; what is no attachment and no error is a page.
    pub fn of(word: &str) -> Source {
        match word {
            "hit" => Source::Hit,
            "miss" => Source::Miss,
            "join" => Source::Join,
            "revalidated" => Source::Revalidated,
            "stale" => Source::Stale,
            "error" => Source::Error,
            _ => Source::Page,
        }
    }

    /// Whether the answer was an attachment.
    pub fn is_attachment(self) -> bool {
        match self {
            Source::Hit | Source::Miss | Source::Join | Source::Revalidated | Source::Stale => true,
            Source::Error | Source::Page => false,
        }
    }
}

words! {
    /// A status code that this service gives.
    Status {
        /// 200.
        Ok = "200",
        /// 202.
        Accepted = "202",
        /// 204.
        NoContent = "204",
        /// 206.
        Partial = "206",
        /// 303.
        SeeOther = "303",
        /// 304.
        NotModified = "304",
        /// 400.
        Bad = "400",
        /// 403.
        Forbidden = "403",
        /// 404.
        NotFound = "404",
        /// 405.
        Method = "405",
        /// 412.
        Precondition = "412",
        /// 416.
        Range = "416",
        /// 500.
        Internal = "500",
        /// 502.
        Gateway = "502",
        /// 503.
        Unavailable = "503",
        /// 504.
        TimedOut = "504",
        /// Any other one.
        Other = "other",
    }
}

impl Status {
    /// The kind of a status code.
    pub fn of(status: u16) -> Status {
        match status {
            200 => Status::Ok,
            202 => Status::Accepted,
            204 => Status::NoContent,
            206 => Status::Partial,
            303 => Status::SeeOther,
            304 => Status::NotModified,
            400 => Status::Bad,
            403 => Status::Forbidden,
            404 => Status::NotFound,
            405 => Status::Method,
            412 => Status::Precondition,
            416 => Status::Range,
            500 => Status::Internal,
            502 => Status::Gateway,
            503 => Status::Unavailable,
            504 => Status::TimedOut,
            _ => Status::Other,
        }
    }
}

words! {
    /// What a client connection is doing.
    State {
        /// Waiting for a request.
        Idle = "idle",
        /// In the middle of a request head.
        Reading = "reading",
        /// Agreeing on TLS.
        Handshaking = "handshaking",
        /// Its request is on its way through the service, or waits for Confluence.
        UnderWay = "under_way",
        /// Being answered.
        Writing = "writing",
        /// Answered for good, until the client closes too.
        Lingering = "lingering",
    }
}

words! {
    /// Why a gate turned a request, or a whole connection, away.
    Refused {
        /// The head is not HTTP.
        Malformed = "malformed",
        /// A method that nothing answers.
        Method = "method",
        /// The head did not arrive in time.
        Slow = "slow",
        /// There is a body that is not wanted.
        Body = "body",
        /// The form is too long.
        FormTooLarge = "form_too_large",
        /// A body that is no form.
        MediaType = "media_type",
        /// The address is too long.
        TargetTooLong = "target_too_long",
        /// An `Expect` that is not known.
        Expectation = "expectation",
        /// The head is too long.
        HeadTooLarge = "head_too_large",
        /// Too many header fields.
        TooManyFields = "too_many_fields",
        /// Too many requests are under way.
        Busy = "busy",
        /// The service stops.
        Stopping = "stopping",
        /// `PROXY_MAX_CONNECTIONS`.
        Crowded = "crowded",
        /// Too many connections from one address.
        AddressCrowded = "address_crowded",
        /// Neither HTTP/1.0 nor HTTP/1.1.
        Version = "version",
        /// Client and service could not agree on TLS.
        Handshake = "tls_handshake",
    }
}

words! {
    /// Why a copy left the cache.
    Left {
        /// Others needed its room.
        Room = "room",
        /// It was too old to be served or renewed.
        Expired = "expired",
        /// An operator has purged it.
        Purged = "purged",
        /// A newer version has come in its place.
        Replaced = "replaced",
        /// Confluence does not have it, or does not show it, any more.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What Confluence is asked for.
    Question {
        /// The bytes of a file.
        File = "file",
        /// What a page or a file is like.
        Metadata = "metadata",
        /// Whether it knows the account.
        Login = "login",
        /// On Cloud: the bytes, from the host to which Confluence has pointed.
        Media = "media",
    }
}

words! {
    /// What came of a question to Confluence.
    Answer {
        /// What was asked for, or that the copy is current.
        Good = "ok",
        /// There is no such thing, or it is not shown to the account.
        Missing = "missing",
        /// The account was refused.
        Refused = "refused",
        /// Confluence has asked for a pause.
        Busy = "busy",
        /// Nothing came in time.
        TimedOut = "timeout",
        /// There is no way to it, or the connection was cut.
        Unreachable = "unreachable",
        /// It failed, or answered something else than what was asked for.
        Failed = "failed",
        /// The service was stopping.
        Interrupted = "interrupted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_is_written() {
        for (number, source) in Source::ALL.into_iter().enumerate() {
            assert_eq!(Source::of(source.word()), source);
            assert_eq!(source as usize, number);
        }
        for status in Status::ALL {
            let code = status.word().parse().unwrap_or(599);
            assert_eq!(Status::of(code), status);
        }
    }
}
