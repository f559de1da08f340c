//! Everything that the engine knows of a container.

use serde_json::{Value, json};

use crate::{
    api::{
        call::{Answer, Call},
        question::{ask, unreadable},
    },
    core::{command::DOCKER_INSPECT, error::Error},
    proto::{
        container::{ContainerInspection, InspectContainer},
        user::Role,
    },
};

/// What stands where a value is not shown.
const HIDDEN: &str = "***";

pub(in crate::api) async fn get(call: Call<InspectContainer>) -> Result<Answer<InspectContainer>, Error> {
    let mut begun = ask(&call, DOCKER_INSPECT, &call.request.id, json!({})).await?;
    let document = begun.document().await?;
    let mut inspected: ContainerInspection =
        serde_json::from_slice(&document).map_err(|_| unreadable(&begun.container.node))?;
    if call.caller()?.role < Role::Operator {
        hide_values(&mut inspected);
    }
    Ok(Answer::ok(&inspected))
}

/// Hides what people put passwords into, and leaves the names: of variables, of labels, of options of the log's driver; of
/// what runs, each word.
fn hide_values(inspected: &mut ContainerInspection) {
    for (name, part) in &mut inspected.0 {
        match name.as_str() {
            "Args" => hide(part),
            "Config" => hide_config(part),
            "HostConfig" => part.pointer_mut("/LogConfig/Config").into_iter().for_each(hide),
            _ => {}
        }
    }
}

fn hide_config(config: &mut Value) {
    for variable in config.get_mut("Env").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = variable.as_str().and_then(|text| text.split_once('=')).map(|(name, _)| name.to_owned());
        *variable = Value::String(name.map_or_else(|| HIDDEN.to_owned(), |name| format!("{name}={HIDDEN}")));
    }
    for place in ["/Cmd", "/Entrypoint", "/Labels", "/Healthcheck/Test"] {
        config.pointer_mut(place).into_iter().for_each(hide);
    }
}

/// Hides a value, or each of a list or of an object. What is not there is told to be so.
fn hide(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Array(values) => values.iter_mut().for_each(hide),
        Value::Object(values) => values.values_mut().for_each(hide),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => *value = Value::String(HIDDEN.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_variable_only_its_name_is_left() {
        let inspected = json!({"Id": "1", "Config": {"Env": ["A=secret", "B=x=y", "odd", 7]}});
        let mut inspected: ContainerInspection = serde_json::from_value(inspected).unwrap();
        hide_values(&mut inspected);
        assert_eq!(inspected.0["Config"]["Env"], json!(["A=***", "B=***", "***", "***"]));
        assert_eq!(inspected.0["Id"], "1");
    }

    #[test]
    fn what_runs_and_the_values_of_labels_are_hidden() {
        let inspected = json!({"Args": ["-c", "run --password=secret"], "Path": "sh",
            "Config": {"Cmd": ["run", "secret"], "Entrypoint": null, "Labels": {"token": "secret"},
                "Healthcheck": {"Test": ["CMD-SHELL", "curl secret"], "Interval": 5}, "User": "ada"},
            "HostConfig": {"LogConfig": {"Type": "splunk", "Config": {"splunk-token": "secret"}}}});
        let mut inspected: ContainerInspection = serde_json::from_value(inspected).unwrap();
        hide_values(&mut inspected);
        let told = json!({"Args": ["***", "***"], "Path": "sh",
            "Config": {"Cmd": ["***", "***"], "Entrypoint": null, "Labels": {"token": "***"},
                "Healthcheck": {"Test": ["***", "***"], "Interval": 5}, "User": "ada"},
            "HostConfig": {"LogConfig": {"Type": "splunk", "Config": {"splunk-token": "***"}}}});
        assert_eq!(json!(inspected), told);
    }
}
