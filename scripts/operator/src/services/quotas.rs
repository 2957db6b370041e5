//! Service Quotas.

use serde_json::{Value, json};

use super::api::{Api, ApiError, QUOTAS, Request};

impl Api {
    /// Returns the account's quotas of a service: name and value.
    pub async fn quotas(&self, service: &str) -> Result<Vec<(String, f64)>, ApiError> {
        let target = "ServiceQuotasV20190624.ListServiceQuotas";
        let body = json!({"ServiceCode": service, "MaxResults": 100});
        let call = format!("asking for the quotas of {service}");
        let answer = self
            .call(Request::target(QUOTAS, "1.1", target, call, &body))
            .await?
            .json();
        let quotas = answer
            .get("Quotas")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let quota = |quota: &Value| {
            Some((
                quota.get("QuotaName").and_then(Value::as_str)?.to_owned(),
                quota.get("Value").and_then(Value::as_f64)?,
            ))
        };
        Ok(quotas.filter_map(quota).collect())
    }
}
