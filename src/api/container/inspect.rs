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

/// Leaves of each variable its name: values are where people put passwords.
fn hide_values(inspected: &mut ContainerInspection) {
    let config = inspected.0.get_mut("Config").and_then(Value::as_object_mut);
    let variables = config.and_then(|config| config.get_mut("Env")).and_then(Value::as_array_mut);
    for variable in variables.into_iter().flatten() {
        let name = variable.as_str().and_then(|text| text.split_once('=')).map(|(name, _)| name.to_owned());
        *variable = Value::String(name.map_or_else(|| HIDDEN.to_owned(), |name| format!("{name}={HIDDEN}")));
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
}
