//! One pipeline: found by its name, it is as its `dispatch` is configured.

pub mod list;
pub mod names;
pub mod terraform;

use std::collections::HashMap;

use aws::ledger::Ledger;
use dispatch::config::Config;
use spillway::lane::Lane;

use self::names::Names;
use crate::connect::Connected;
use crate::fault::Fault;
use crate::options::Which;

/// The variable that names the pipeline if no option does.
const VARIABLE: &str = "SPILLWAY_PIPELINE";

/// A pipeline that was found.
#[derive(Debug, Clone)]
pub struct Pipeline {
    pub names: Names,
    pub config: Config,
    pub ledger: Ledger,
    pub account: String,
    pub partition: String,
    pub region: String,
    /// The release of its dispatch, as far as its description says one.
    pub release: Option<String>,
}

impl Pipeline {
    pub fn name(&self) -> &str {
        &self.names.pipeline
    }

    pub fn lanes(&self) -> &[Lane] {
        &self.config.pipeline.lanes
    }

    /// Returns the URL of one of its queues. URLs of one account and Region begin alike.
    pub fn queue_url(&self, name: &str) -> String {
        let known = &self.config.outcomes_queue_url;
        let base = known.rsplit_once('/').map_or("", |(base, _)| base);
        format!("{base}/{name}")
    }

    /// Returns an ARN in the pipeline's account and Region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:{}:{service}:{}:{}:{resource}",
            self.partition, self.region, self.account
        )
    }

    /// Returns the page of an execution in AWS's console.
    pub fn console(&self, execution_arn: &str) -> String {
        let host = match self.partition.as_str() {
            "aws-cn" => "console.amazonaws.cn".to_owned(),
            "aws-us-gov" => "console.amazonaws-us-gov.com".to_owned(),
            _ => format!("{}.console.aws.amazon.com", self.region),
        };
        format!(
            "https://{host}/states/home?region={}#/v2/executions/details/{execution_arn}",
            self.region
        )
    }
}

/// Returns the ARN of an execution: one by an alias or a version carries the state machine's name.
pub fn execution_arn(state_machine_arn: &str, name: &str) -> String {
    let machine = state_machine_arn.replacen(":stateMachine:", ":execution:", 1);
    let parts: Vec<&str> = machine.split(':').take(7).collect();
    format!("{}:{name}", parts.join(":"))
}

/// The release of this program.
pub const OWN_RELEASE: &str = env!("CARGO_PKG_VERSION");

/// Returns the release of a handler, of its description: `Spillway dispatch 0.1.0`, as the
/// Terraform modules write it.
pub fn release_of(description: &str) -> Option<&str> {
    let (_, release) = description.strip_prefix("Spillway ")?.split_once(' ')?;
    Some(release)
}

/// Returns the warning for handlers of another release than this program.
pub fn of_another_release(release: &str, own: &str) -> Option<String> {
    (release != own).then(|| {
        format!("the handlers are of release {release}, and this program of {own}: they can refuse its writes")
    })
}

/// Finds the pipeline that the options name.
pub async fn find(connected: &Connected, which: &Which) -> Result<Pipeline, Fault> {
    by_name(connected, &name(which)?).await
}

/// Returns the name of the pipeline that the options name.
pub fn name(which: &Which) -> Result<String, Fault> {
    match (&which.pipeline, &which.terraform_dir) {
        (named, Some(directory)) => terraform::choose(
            directory,
            &terraform::pipelines(directory)?,
            named.as_deref(),
        ),
        (Some(name), None) => Ok(name.clone()),
        (None, None) => {
            let named = std::env::var(VARIABLE).ok();
            named.filter(|name| !name.is_empty()).ok_or_else(|| {
                Fault::usage(format!(
                    "which pipeline? Name it by --pipeline NAME, by {VARIABLE}, or by --terraform-dir DIR; `spillway list` shows those \
                     there are"
                ))
            })
        }
    }
}

/// Finds a pipeline by the configuration of its `dispatch`. Returns it.
pub async fn by_name(connected: &Connected, name: &str) -> Result<Pipeline, Fault> {
    let names = Names::of(name);
    let function = names.function("dispatch");
    let Some(found) = connected.api.function(&function).await? else {
        return Err(Fault::failed(format!(
            "there is no function {function} in this account and Region ({}), so no pipeline {name}: look at its name, --region and \
             --profile; `spillway list` shows those there are",
            connected.region
        )));
    };
    let release = found.description.as_deref().and_then(release_of);
    let release = release.map(str::to_owned);
    from_variables(connected, names, &found.variables, release)
}

fn from_variables(
    connected: &Connected,
    names: Names,
    variables: &HashMap<String, String>,
    release: Option<String>,
) -> Result<Pipeline, Fault> {
    let config = Config::from_environment(&|name| variables.get(name).cloned());
    let config = config.map_err(|error| {
        let function = names.function("dispatch");
        Fault::failed(format!(
            "{function} is configured in a way that this release cannot read: use the spillway of its release. {error}"
        ))
    })?;
    let arn: Vec<&str> = config.pipeline.ledger_arn.split(':').collect();
    let part = |index: usize| arn.get(index).copied().unwrap_or_default().to_owned();
    Ok(Pipeline {
        ledger: Ledger::new(
            connected.dynamodb.clone(),
            config.pipeline.ledger_table.clone(),
        ),
        partition: part(1),
        region: part(3),
        account: part(4),
        names,
        config,
        release,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_read_as_the_modules_write_it() {
        let terraform = include_str!("../../../../terraform/modules/handler/main.tf");
        assert!(terraform.contains(r#""Spillway ${var.handler} ${var.manifest.version}""#));
        assert_eq!(release_of("Spillway dispatch 1.2.0"), Some("1.2.0"));
        assert_eq!(release_of("my dispatch 1.2.0"), None);
        assert_eq!(of_another_release("1.2.0", "1.2.0"), None);
    }

    #[test]
    fn an_execution_by_an_alias_has_the_state_machines_name() {
        let arn = "arn:aws:states:us-east-1:111122223333:stateMachine:a_workflow";
        let expected = "arn:aws:states:us-east-1:111122223333:execution:a_workflow:x-1";
        assert_eq!(execution_arn(arn, "x-1"), expected);
        assert_eq!(execution_arn(&format!("{arn}:live"), "x-1"), expected);
    }
}
