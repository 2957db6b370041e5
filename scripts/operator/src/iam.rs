//! `iam`: the least policy for looking at a pipeline, and for steering it.

use serde_json::{Value, json};

/// The parts of a pipeline's ARNs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub pipeline: String,
    pub partition: String,
    pub region: String,
    pub account: String,
    /// Of the workflow, without alias or version.
    pub state_machine_arn: String,
    /// The buckets in which `explain` looks for objects.
    pub buckets: Vec<String>,
}

impl Place {
    fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:{}:{service}:{}:{}:{resource}",
            self.partition, self.region, self.account
        )
    }

    fn queue(&self, kind: &str) -> String {
        self.arn("sqs", &format!("{}_{kind}", self.pipeline))
    }

    fn functions(&self) -> String {
        self.arn("lambda", &format!("function:{}_*", self.pipeline))
    }

    fn ledger(&self) -> String {
        self.arn("dynamodb", &format!("table/{}_ledger", self.pipeline))
    }

    fn executions(&self) -> String {
        format!(
            "{}:*",
            self.state_machine_arn
                .replacen(":stateMachine:", ":execution:", 1)
        )
    }

    /// Queues of failures: `NAME_events-dlq_LANE`, `NAME_rules-dlq_LANE`, `NAME_outcomes-dlq`,
    /// `NAME_ingest-failures`, `NAME_reconcile-failures`.
    fn failures(&self) -> Vec<String> {
        [
            "events-dlq_*",
            "rules-dlq_*",
            "outcomes-dlq",
            "ingest-failures",
            "reconcile-failures",
        ]
        .map(|kind| self.queue(kind))
        .to_vec()
    }
}

fn statement(sid: &str, actions: &[&str], resources: impl Into<Value>) -> Value {
    let resources = match resources.into() {
        Value::Array(several) => several,
        one => vec![one],
    };
    json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources})
}

fn policy(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Returns the policy for looking, which `terraform/operator.tf` offers too: `list`, `status`,
/// `explain`, `running`, `failed`, `canary`, `pace`, `history` and
/// `doctor`.
pub fn read(place: &Place) -> Value {
    policy(reading(place))
}

/// Returns the policy for everything.
pub fn operate(place: &Place) -> Value {
    let mut statements = reading(place);
    let p = &place.pipeline;
    let ledger = place.ledger();
    let control = json!({
        "Sid": "Steer", "Effect": "Allow", "Action": ["dynamodb:PutItem", "dynamodb:DeleteItem"], "Resource": [ledger],
        "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["control", "discarded"]}},
    });
    statements.extend([
        control,
        // A mark in the row of an event that is dropped for good, and a lease that is released.
        statement("MarkRows", &["dynamodb:UpdateItem"], ledger),
        statement(
            "MoveFailures",
            &[
                "sqs:CancelMessageMoveTask",
                "sqs:DeleteMessage",
                "sqs:ListMessageMoveTasks",
                "sqs:StartMessageMoveTask",
            ],
            place.failures(),
        ),
        statement(
            "SendAgain",
            &["sqs:SendMessage"],
            vec![place.queue("events_*"), place.queue("outcomes")],
        ),
        statement(
            "Invoke",
            &["lambda:InvokeFunction"],
            ["dispatch", "ingest"]
                .map(|handler| place.arn("lambda", &format!("function:{p}_{handler}")))
                .to_vec(),
        ),
        statement(
            "Stop",
            &["states:StopExecution"],
            vec![
                place.executions(),
                place.arn("states", &format!("execution:{p}_reconcile:*")),
            ],
        ),
        // The calls of the remedies that status and doctor name.
        statement(
            "Switch",
            &["events:DisableRule", "events:EnableRule"],
            place.arn("events", &format!("rule/{p}_*")),
        ),
        statement(
            "Unthrottle",
            &["lambda:DeleteFunctionConcurrency"],
            place.functions(),
        ),
        statement(
            "Reconcile",
            &["states:StartExecution"],
            place.arn("states", &format!("stateMachine:{p}_reconcile")),
        ),
    ]);
    policy(statements)
}

fn reading(place: &Place) -> Vec<Value> {
    let p = &place.pipeline;
    let mut statements = vec![
        statement(
            "Account",
            &[
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "events:ListRules",
                "lambda:GetAccountSettings",
                "lambda:ListEventSourceMappings",
                "servicequotas:ListServiceQuotas",
                "tag:GetResources",
            ],
            "*",
        ),
        statement(
            "Functions",
            &[
                "lambda:GetFunctionConcurrency",
                "lambda:GetFunctionConfiguration",
            ],
            place.functions(),
        ),
        statement(
            "Ledger",
            &[
                "dynamodb:BatchGetItem",
                "dynamodb:DescribeTable",
                "dynamodb:GetItem",
                "dynamodb:Query",
                "dynamodb:Scan",
            ],
            place.ledger(),
        ),
        statement(
            "Queues",
            &["sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
            place.queue("*"),
        ),
        statement(
            "LookAtFailures",
            &["sqs:ChangeMessageVisibility", "sqs:ReceiveMessage"],
            place.failures(),
        ),
        statement(
            "Rules",
            &["events:DescribeRule", "events:ListTargetsByRule"],
            place.arn("events", &format!("rule/{p}_*")),
        ),
        statement(
            "Logs",
            &["logs:FilterLogEvents"],
            place.arn("logs", &format!("log-group:/aws/lambda/{p}_*")),
        ),
        statement(
            "Versions",
            &["states:DescribeStateMachineAlias", "states:ListExecutions"],
            vec![
                place.state_machine_arn.clone(),
                format!("{}:*", place.state_machine_arn),
            ],
        ),
        statement(
            "Executions",
            &["states:DescribeExecution"],
            vec![
                place.executions(),
                place.arn("states", &format!("execution:{p}_reconcile:*")),
            ],
        ),
    ];
    if !place.buckets.is_empty() {
        let bucket = |name: &String| format!("arn:{}:s3:::{name}", place.partition);
        let buckets: Vec<String> = place.buckets.iter().map(bucket).collect();
        let objects: Vec<String> = buckets.iter().map(|bucket| format!("{bucket}/*")).collect();
        statements.push(statement(
            "Buckets",
            &["s3:GetBucketNotification", "s3:ListBucket"],
            buckets,
        ));
        statements.push(statement("Objects", &["s3:GetObject"], objects));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(buckets: &[&str]) -> Place {
        Place {
            pipeline: "p".into(),
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
            state_machine_arn: "arn:aws:states:eu-central-1:111122223333:stateMachine:p_workflow"
                .into(),
            buckets: buckets.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn actions(policy: &Value) -> Vec<String> {
        let statements = policy["Statement"].as_array().unwrap();
        let actions = statements
            .iter()
            .flat_map(|statement| statement["Action"].as_array().unwrap());
        actions
            .map(|action| action.as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn who_looks_can_change_nothing_but_the_visibility_of_a_dead_letter() {
        let verbs = [
            "Put", "Delete", "Update", "Send", "Invoke", "Start", "Stop", "Cancel",
        ];
        for action in actions(&read(&place(&["uploads"]))) {
            let verb = action.split(':').nth(1).unwrap();
            assert!(
                !verbs.iter().any(|changes| verb.starts_with(changes)),
                "{action}"
            );
        }
    }

    #[test]
    fn only_what_has_no_resource_is_for_all() {
        let policy = operate(&place(&[]));
        for statement in policy["Statement"].as_array().unwrap() {
            let all = statement["Resource"] == json!(["*"]);
            assert_eq!(all, statement["Sid"] == "Account", "{statement}");
            let named = statement["Resource"].to_string();
            assert!(
                all || named.contains(":p_") || named.contains("/p_"),
                "{statement}"
            );
        }
    }

    #[test]
    fn who_steers_can_look_and_write_control_items_alone() {
        let policy = operate(&place(&[]));
        let all = actions(&policy);
        assert!(
            actions(&read(&place(&[])))
                .iter()
                .all(|action| all.contains(action))
        );
        let steer = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .find(|statement| statement["Sid"] == "Steer")
            .unwrap();
        assert_eq!(
            steer["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"],
            json!(["control", "discarded"])
        );
    }

    #[test]
    fn rules_are_listed_in_all_the_account_and_remedies_are_allowed() {
        let policy = operate(&place(&[]));
        let statements = policy["Statement"].as_array().unwrap();
        let of = |action: &str| {
            let mut found = statements.iter().filter(|statement| {
                let actions = statement["Action"].as_array().unwrap();
                actions.contains(&json!(action))
            });
            found
                .next()
                .map_or(json!(null), |it| it["Resource"].clone())
        };
        // A filter by name is none for IAM.
        assert_eq!(of("events:ListRules"), json!(["*"]));
        for switches in ["events:EnableRule", "events:DisableRule"] {
            assert!(of(switches).to_string().contains("rule/p_*"));
        }
        assert!(
            of("lambda:DeleteFunctionConcurrency")
                .to_string()
                .contains(":p_*")
        );
        assert!(
            of("states:StopExecution")
                .to_string()
                .contains(":p_reconcile:*")
        );
        assert!(
            of("sqs:DeleteMessage")
                .to_string()
                .contains(":p_reconcile-failures")
        );
    }

    #[test]
    fn a_policy_fits_into_a_managed_one() {
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        let mut place = place(&["uploads-of-a-bucket-with-a-long-name"]);
        place.pipeline = "a".repeat(32);
        assert!(operate(&place).to_string().len() < 6_144);
    }
}
