//! The names that the Terraform modules give, as `terraform/modules/names` has them.

/// The names of one pipeline's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    pub pipeline: String,
}

impl Names {
    pub fn of(pipeline: &str) -> Self {
        Self {
            pipeline: pipeline.to_owned(),
        }
    }

    fn named(&self, kind: &str) -> String {
        format!("{}_{kind}", self.pipeline)
    }

    /// Returns the function of a handler.
    pub fn function(&self, handler: &str) -> String {
        self.named(handler)
    }

    /// Returns the log group of a handler.
    pub fn log_group(&self, handler: &str) -> String {
        format!("/aws/lambda/{}", self.function(handler))
    }

    /// Returns the rule behind the tick.
    pub fn tick_rule(&self) -> String {
        self.named("tick")
    }

    /// Returns the rule that brings outcomes.
    pub fn outcomes_rule(&self) -> String {
        self.named("outcomes")
    }

    /// Returns the state machine of reconcile.
    pub fn reconcile_machine(&self) -> String {
        self.named("reconcile")
    }

    pub fn ledger(&self) -> String {
        self.named("ledger")
    }

    pub fn outcomes(&self) -> String {
        self.named("outcomes")
    }

    pub fn outcomes_dlq(&self) -> String {
        self.named("outcomes-dlq")
    }

    pub fn ingest_failures(&self) -> String {
        self.named("ingest-failures")
    }

    pub fn reconcile_failures(&self) -> String {
        self.named("reconcile-failures")
    }

    /// Returns the events queue of a lane, without `.fifo`.
    pub fn events(&self, lane: &str) -> String {
        self.named(&format!("events_{lane}"))
    }

    /// Returns the dead-letter queue of a lane, without `.fifo`.
    pub fn events_dlq(&self, lane: &str) -> String {
        self.named(&format!("events-dlq_{lane}"))
    }

    /// Returns the queue of the events that EventBridge and SNS could not deliver into a lane.
    pub fn rules_dlq(&self, lane: &str) -> String {
        self.named(&format!("rules-dlq_{lane}"))
    }
}

/// Returns the pipeline of a function that is the `dispatch` of one.
pub fn of_dispatch(function: &str) -> Option<&str> {
    function
        .strip_suffix("_dispatch")
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_terraform_modules() {
        let terraform = include_str!("../../../../terraform/modules/names/main.tf");
        let names = Names::of("${var.name}");
        for name in [
            names.events("${lane}"),
            names.events_dlq("${lane}"),
            names.rules_dlq("${lane}"),
            names.outcomes(),
            names.outcomes_dlq(),
            names.ingest_failures(),
            names.reconcile_failures(),
            names.function("${handler}"),
        ] {
            assert!(terraform.contains(&format!("\"{name}\"")), "{name}");
        }
        for (kind, name) in [
            ("rule", names.tick_rule().replace("tick", "${rule}")),
            (
                "machine",
                names.reconcile_machine().replace("reconcile", "${machine}"),
            ),
        ] {
            assert!(
                terraform.contains(&format!("{kind} => \"{name}\"")),
                "{name}"
            );
        }
        for word in ["\"tick\"", "\"outcomes\"", "\"reconcile\"", "/aws/lambda/"] {
            assert!(terraform.contains(word), "{word}");
        }
        let outputs = include_str!("../../../../terraform/modules/names/outputs.tf");
        assert!(outputs.contains(&format!("\"{}\"", names.ledger())));
    }

    #[test]
    fn a_pipeline_is_known_by_its_dispatch() {
        assert_eq!(of_dispatch("device-status_dispatch"), Some("device-status"));
        assert_eq!(of_dispatch("_dispatch"), None);
        assert_eq!(of_dispatch("device-status_settle"), None);
    }
}
