//! Which permission AWS misses, read from its own words.

/// A permission that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub action: String,
    /// An ARN; `None`: AWS does not say.
    pub resource: Option<String>,
}

/// Words by which AWS's services say that something is not allowed.
const DENIED: [&str; 6] = [
    "AccessDenied",
    "AuthorizationError",
    "UnauthorizedOperation",
    "is not authorized to perform",
    "HTTP 403",
    "KMS.AccessDeniedException",
];

/// Returns the permission that AWS's words name.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
pub fn missing(words: &str) -> Option<Missing> {
    let (_, rest) = words.split_once("not authorized to perform: ")?;
    let word = |text: &str| {
        let end = text.find([' ', ',', ')', '(']).unwrap_or(text.len());
        text.get(..end)
            .unwrap_or_default()
            .trim_end_matches('.')
            .to_owned()
    };
    let resource = rest.split_once("on resource: ").map(|(_, rest)| word(rest));
    Some(Missing {
        action: word(rest),
        resource: resource.filter(|resource| !resource.is_empty()),
    })
}

/// Returns whether AWS's words are about a permission.
pub fn is_denied(words: &str) -> bool {
    DENIED.iter().any(|word| words.contains(word))
}

/// Returns AWS's words with the missing permission and its source, if they refuse one.
pub fn explained(words: &str) -> String {
    if !is_denied(words) {
        return words.to_owned();
    }
    let what = match missing(words) {
        Some(Missing {
            action,
            resource: Some(resource),
        }) => format!("Missing permission: {action} on {resource}."),
        Some(Missing { action, .. }) => format!("Missing permission: {action}."),
        None => "A permission is missing.".to_owned(),
    };
    format!(
        "{words}\n{what} `spillway iam --read` prints the policy for looking, `spillway iam --operate` the one for steering."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permission_and_its_arn_are_read_from_awss_words() {
        let words = "reading the slots failed: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/look/me is not \
                     authorized to perform: dynamodb:Query on resource: arn:aws:dynamodb:eu-central-1:111122223333:table/a_ledger \
                     because no identity-based policy allows the dynamodb:Query action (request ABC)";
        assert_eq!(
            missing(words),
            Some(Missing {
                action: "dynamodb:Query".into(),
                resource: Some("arn:aws:dynamodb:eu-central-1:111122223333:table/a_ledger".into()),
            })
        );
        let told = explained(words);
        assert!(told.contains(
            "Missing permission: dynamodb:Query on arn:aws:dynamodb:eu-central-1:111122223333:table/a_ledger."
        ));
        assert!(told.contains("spillway iam --read"));
    }

    #[test]
    fn without_an_arn_the_action_is_told_and_without_either_that_something_is_missing() {
        let tagging = "listing failed: AccessDeniedException: User: x is not authorized to perform: tag:GetResources because …";
        assert_eq!(missing(tagging).unwrap().resource, None);
        assert!(explained(tagging).contains("Missing permission: tag:GetResources."));
        assert!(explained("asking S3 failed: HTTP 403").contains("A permission is missing."));
        assert_eq!(
            explained("ThrottlingException: slow down"),
            "ThrottlingException: slow down"
        );
    }
}
