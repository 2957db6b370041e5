//! How object events come in.

use std::fmt::{self, Display};
use std::str::FromStr;

/// How object events come in: Terraform's `via`, and SNS's `topics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    #[default]
    Sqs,
    Sns,
    EventBridge,
    Lambda,
}

impl Way {
    pub const ALL: [Self; 4] = [Self::Sqs, Self::Sns, Self::EventBridge, Self::Lambda];

    /// Returns its name in Terraform's `sources`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Sns => "sns",
            Self::EventBridge => "eventbridge",
            Self::Lambda => "lambda",
        }
    }
}

impl Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|way| way.name() == text);
        named.ok_or_else(|| format!("'{text}' is no way in: give sqs, sns, eventbridge or lambda"))
    }
}
