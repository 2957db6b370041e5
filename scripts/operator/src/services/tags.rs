//! Resource Groups Tagging: resources by their tags.

use serde_json::{Value, json};

use super::api::{Api, ApiError, Request, TAGGING};

impl Api {
    /// Returns the ARNs of the functions that have a tag of this key.
    pub async fn tagged_functions(&self, key: &str) -> Result<Vec<String>, ApiError> {
        let (mut arns, mut page) = (Vec::new(), String::new());
        loop {
            let body = json!({"TagFilters": [{"Key": key}], "ResourceTypeFilters": ["lambda:function"], "PaginationToken": page});
            let target = "ResourceGroupsTaggingAPI_20170126.GetResources";
            let call = format!("listing the functions with the tag {key}");
            let answer = self
                .call(Request::target(TAGGING, "1.1", target, call, &body))
                .await?
                .json();
            let found = answer
                .get("ResourceTagMappingList")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            arns.extend(found.filter_map(|one| {
                one.get("ResourceARN")
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            }));
            page = answer
                .get("PaginationToken")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if page.is_empty() {
                return Ok(arns);
            }
        }
    }
}

/// Returns a function's name, of its ARN.
pub fn function_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}
