//! `schedule`: the rule behind the ticks.

use serde_json::json;

use crate::answer::Answer;
use crate::connect::Connected;
use crate::fault::Fault;
use crate::options::Switch;
use crate::pipeline::Pipeline;

/// Enables or disables the rule. Terraform's next apply restores the module block's setting.
/// Returns the answer.
pub async fn schedule(
    connected: &Connected,
    pipeline: &Pipeline,
    switch: Switch,
) -> Result<Answer, Fault> {
    let (name, rule) = (pipeline.name(), pipeline.names.tick_rule());
    let Some(before) = connected.api.rule(&rule).await? else {
        return Err(Fault::failed(format!(
            "there is no rule {rule}: `terraform apply` makes it"
        )));
    };
    let enabled = switch == Switch::On;
    connected.api.switch_rule(&rule, enabled).await?;
    let expression = before.schedule.unwrap_or_default();
    let text = text(name, &rule, &expression, enabled);
    let json = json!({
        "pipeline": name,
        "rule": rule,
        "enabled": enabled,
        "was_enabled": before.enabled,
        "schedule": expression,
    });
    Ok(Answer::new(text, json))
}

fn text(name: &str, rule: &str, expression: &str, enabled: bool) -> String {
    if enabled {
        return format!(
            "The rule {rule} is enabled: ticks run by {expression}.\n\
             With `schedule = {{ enabled = false }}` in the module block the next apply disables it again."
        );
    }
    format!(
        "The rule {rule} is disabled: no tick begins. One that runs goes on to its end.\n\
         Nothing starts, and nothing is retried. Outcomes are still settled. The alarm no-tick begins after three periods.\n\
         `spillway -p {name} schedule on` enables it, and so does the next apply unless the module block says \
         `schedule = {{ enabled = false }}`."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_told_with_the_way_back() {
        let off = text("p", "p_tick", "rate(1 minute)", false);
        assert!(off.starts_with("The rule p_tick is disabled: no tick begins."));
        assert!(off.contains("`spillway -p p schedule on` enables it"));
        let on = text("p", "p_tick", "rate(1 minute)", true);
        assert!(on.starts_with("The rule p_tick is enabled: ticks run by rate(1 minute)."));
    }
}
