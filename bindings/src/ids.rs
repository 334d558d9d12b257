//! Names of things: text outside, typed on both sides, so that a record cannot be passed where a change is meant.

use wangge_core::model;

use crate::errors::WanggeError;

/// A name whose text has a shape; text of another shape comes back as `Invalid`.
macro_rules! shaped_name {
    ($(#[$doc:meta])* $name:ident($core:ty), $zh:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub(crate) $core);

        uniffi::custom_type!($name, String, {
            lower: |name| name.0.to_string(),
            try_lift: |text| text.parse().map($name).map_err(|error| WanggeError::bad_name($zh, &error).into()),
        });
    };
}

/// A name of any text: the county gives it.
macro_rules! plain_name {
    ($(#[$doc:meta])* $name:ident($core:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub(crate) $core);

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        uniffi::custom_type!($name, String, {
            lower: |name| name.0.to_string(),
            try_lift: |text| Ok($name(text.as_str().into())),
        });
    };
}

shaped_name!(
    /// A record: a UUID made offline, never reused.
    RecordId(model::RecordId),
    "记录编号"
);
shaped_name!(
    /// A change: 64 hexadecimal digits.
    ChangeId(model::ChangeHash),
    "改动编号"
);
shaped_name!(
    /// A phone's registration, given by the county.
    DeviceId(model::DeviceId),
    "设备编号"
);
plain_name!(
    /// A person with an account.
    UserId(model::UserId)
);
plain_name!(
    /// A grid, or a department's unit.
    Scope(model::Scope)
);
plain_name!(
    /// The name of a kind of record, for example `resident`.
    KindName(model::KindName)
);
plain_name!(
    /// A statement about a field, as a decision names it; `*` is all statements about the edited fields.
    ClaimId(String)
);

/// A moment: milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub(crate) model::Millis);

uniffi::custom_type!(Millis, i64, {
    lower: |at| at.0.0,
    try_lift: |ms| Ok(Millis(model::Millis(ms))),
});
