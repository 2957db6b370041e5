//! Objects and prefixes as a person names them.

/// Returns the prefixes of a bucket: of the CLI, of ARNs.
fn without_scheme(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix("s3://") {
        return rest;
    }
    let arn = text.strip_prefix("arn:aws").and_then(|rest| {
        let (partition, rest) = rest.split_once(':')?;
        let word =
            |character: char| character.is_ascii_alphanumeric() || ['-', '_'].contains(&character);
        partition
            .chars()
            .all(word)
            .then(|| rest.strip_prefix("s3:::"))?
    });
    arn.unwrap_or(text)
}

/// Returns whether it can be a bucket's name. Old ones can have capitals and underscores.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn is_bucket(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (3..=255).contains(&text.len()) && text.bytes().all(known)
}

/// Returns `<bucket>/<key>` of `s3://bucket/key`, `bucket/key` or the object's ARN, with the key as
/// its uploader wrote it.
pub fn object(text: &str) -> Result<String, String> {
    let (bucket, key) = without_scheme(text).split_once('/').unwrap_or_default();
    if !is_bucket(bucket) || key.is_empty() {
        return Err(format!(
            "'{text}' names no object: give s3://bucket/key or bucket/key, with the key as its uploader wrote it"
        ));
    }
    Ok(format!("{bucket}/{key}"))
}

/// Returns `<bucket>/<prefix>`. A bucket alone is all of it, without other buckets whose names
/// begin with its name.
pub fn prefix(text: &str) -> Result<String, String> {
    let named = without_scheme(text);
    let (bucket, prefix) = named.split_once('/').unwrap_or((named, ""));
    if !is_bucket(bucket) {
        return Err(format!(
            "'{text}' names no objects: give s3://bucket/prefix or bucket/prefix"
        ));
    }
    Ok(format!("{bucket}/{prefix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_in_four_ways() {
        for text in [
            "s3://uploads/a b/7.json",
            "uploads/a b/7.json",
            "arn:aws:s3:::uploads/a b/7.json",
            "arn:aws-cn:s3:::uploads/a b/7.json",
        ] {
            assert_eq!(object(text).unwrap(), "uploads/a b/7.json");
        }
        assert_eq!(object("uploads//7").unwrap(), "uploads//7");
        assert_eq!(object("s3://My_Old.Bucket/k").unwrap(), "My_Old.Bucket/k");
        for text in [
            "",
            "uploads",
            "uploads/",
            "/uploads/k",
            "https://uploads.s3.amazonaws.com/k",
            "s3://up loads/k",
            "arn:aws:sqs:::uploads/k",
        ] {
            assert!(
                object(text).unwrap_err().contains("names no object"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_prefix_can_be_a_bucket_alone() {
        assert_eq!(prefix("s3://uploads").unwrap(), "uploads/");
        assert_eq!(prefix("uploads/status/").unwrap(), "uploads/status/");
        assert!(prefix("https://uploads/").is_err());
    }
}
