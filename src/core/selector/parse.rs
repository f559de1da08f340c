//! From text to a plan: Rhai's own parser, then a walk over what it read that lets through expressions over known names
//! and nothing else.

use std::sync::Arc;

use rhai::{ASTNode, Dynamic, Expr, ParseError, ParseErrorType, Position, Stmt};

use super::{
    Compiled, Fault, MAX_CHARACTERS, Plan,
    field::{Field, Kind, Needs, Operand, find, unknown},
    interpreter::{Evaluation, FUNCTIONS, Interpreter},
    native::Predicate,
    value::{Comparison, Value},
};

/// The operators that an expression may use; `&&`, `||`, `??` and `in` are no operators to Rhai.
const OPERATORS: [&str; 12] = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "!"];

/// Reads an expression.
pub(super) fn compile<R>(
    interpreter: &Arc<Interpreter>,
    text: &str,
    fields: &'static [Field<R>],
    natively: bool,
) -> Result<Compiled, Fault> {
    if text.trim().is_empty() {
        return Err(Fault("expected an expression, like status == \"ONLINE\"".into()));
    }
    if text.chars().count() > MAX_CHARACTERS {
        return Err(Fault(format!("expected an expression of at most {MAX_CHARACTERS} characters")));
    }
    let expression = interpreter.0.compile_expression(text).map_err(|error| unreadable(text, &error))?;
    let mut reading = Reading { fields, named: Vec::new(), parts: 0, fault: None, native: None };
    expression.walk(&mut |path| reading.visit(path, natively));
    if let Some(fault) = reading.fault {
        return Err(fault);
    }
    let needs = reading.named.iter().fold(Needs::NOTHING, |needs, field| needs.and(fields[*field].needs));
    let (parts, named) = (reading.parts, reading.named.clone());
    let plan = match reading.native {
        Some(predicate) => Plan::Native(predicate),
        None => Plan::Interpreted(Evaluation {
            interpreter: interpreter.clone(),
            expression,
            fields: reading.named,
        }),
    };
    Ok(Compiled { plan, needs, parts, named })
}

/// Where something stands, as ` at LINE:COLUMN`.
pub(super) fn at(position: Position) -> String {
    match (position.line(), position.position()) {
        (Some(line), Some(column)) => format!(" at {line}:{column}"),
        (Some(line), None) => format!(" at line {line}"),
        _ => String::new(),
    }
}

/// What is said of a text that the parser does not take, with the cure of the common slips.
fn unreadable(text: &str, error: &ParseError) -> Fault {
    if matches!(error.err_type(), ParseErrorType::UnexpectedEOF) {
        let last: String = text.split_whitespace().next_back().unwrap_or_default().chars().take(64).collect();
        return Fault(format!("the expression ends too early: something must follow '{last}'"));
    }
    let said = error.err_type().to_string();
    let mut words: String = said.chars().take(200).collect();
    if let Some(first) = words.get(..1).map(str::to_lowercase) {
        words.replace_range(..1, &first);
    }
    let hint = if text.contains('\'') {
        "; texts stand in double quotes, like site == \"eu\""
    } else if said.contains("'='") || (text.contains('=') && !text.contains("==")) {
        "; to compare, write =="
    } else if [" and ", " or ", " not "].iter().any(|word| text.to_lowercase().contains(word)) {
        "; join with && and ||, negate with !"
    } else {
        ""
    };
    Fault(format!("{words}{}{hint}", at(error.position())))
}

/// What a walk over an expression finds.
struct Reading<R: 'static> {
    fields: &'static [Field<R>],
    named: Vec<usize>,
    parts: usize,
    fault: Option<Fault>,
    native: Option<Predicate>,
}

impl<R> Reading<R> {
    /// Looks at one part; the last of a path, its parents before it. `false` ends the walk.
    fn visit(&mut self, path: &[ASTNode<'_>], natively: bool) -> bool {
        self.parts += 1;
        let judged = match path.last() {
            Some(ASTNode::Stmt(Stmt::Expr(root))) if path.len() == 1 => {
                if natively {
                    self.native = predicate(self.fields, root);
                }
                Ok(())
            }
            // The parser makes a call that is the whole expression a statement of its own kind.
            Some(ASTNode::Stmt(Stmt::FnCall(call, position))) if path.len() == 1 => {
                if natively {
                    self.native = predicate(self.fields, &Expr::FnCall(call.clone(), *position));
                }
                judge_call(&call.name, call.op_token.is_some(), *position)
            }
            Some(ASTNode::Stmt(stmt)) => Err(not_an_expression(stmt.position())),
            Some(ASTNode::Expr(part)) => self.judge(part),
            // The parser tells of no other kind of part.
            Some(_) | None => Ok(()),
        };
        self.fault = judged.err();
        self.fault.is_none()
    }

    /// Lets through what an expression may have.
    fn judge(&mut self, part: &Expr) -> Result<(), Fault> {
        match part {
            Expr::Variable(name, _, position) => {
                let field = find(self.fields, &name.1, &at(*position))?;
                if !self.named.contains(&field) {
                    self.named.push(field);
                }
                Ok(())
            }
            Expr::FnCall(call, position) | Expr::MethodCall(call, position) => {
                judge_call(&call.name, call.op_token.is_some(), *position)
            }
            Expr::BoolConstant(..)
            | Expr::IntegerConstant(..)
            | Expr::FloatConstant(..)
            | Expr::CharConstant(..)
            | Expr::StringConstant(..)
            | Expr::DynamicConstant(..)
            | Expr::Array(..)
            | Expr::Unit(..)
            | Expr::Property(..)
            | Expr::Dot(..)
            | Expr::Index(..)
            | Expr::And(..)
            | Expr::Or(..)
            | Expr::Coalesce(..) => Ok(()),
            Expr::InterpolatedString(_, position) => {
                Err(Fault(format!("texts are taken as they are{}; join them with +", at(*position))))
            }
            other => Err(not_an_expression(other.position())),
        }
    }
}

fn not_an_expression(position: Position) -> Fault {
    Fault(format!(
        "only an expression is expected{}: comparisons, && || ! and the listed functions",
        at(position)
    ))
}

fn judge_call(name: &str, operator: bool, position: Position) -> Result<(), Fault> {
    let functions = FUNCTIONS.iter().map(|(name, _)| *name);
    // `in` is an operator by its token and the function `contains` by its name.
    if OPERATORS.contains(&name) || functions.clone().any(|known| known == name) {
        return Ok(());
    }
    if operator {
        return Err(Fault(format!("the operator {name}{} is not for selecting", at(position))));
    }
    Err(Fault(unknown("function", name, &at(position), functions)))
}

/// The expression as what needs no interpreter, if it is that.
fn predicate<R>(fields: &[Field<R>], part: &Expr) -> Option<Predicate> {
    match part {
        Expr::And(parts, _) => all(fields, parts).map(Predicate::All),
        Expr::Or(parts, _) => all(fields, parts).map(Predicate::Any),
        Expr::Variable(..) => {
            let operand = operand(fields, part)?;
            (fields[operand.field].kind == Kind::Truth).then_some(Predicate::Truth(operand))
        }
        Expr::FnCall(call, _) => match (call.name.as_str(), call.args.as_slice()) {
            ("!", [inner]) => Some(Predicate::Not(Box::new(predicate(fields, inner)?))),
            ("contains", [whole, wanted]) => membership(fields, whole, wanted),
            (operator, [left, right]) => {
                let comparison = Comparison::of(operator)?;
                if let (Some(operand), Some(literal)) = (scalar(fields, left), literal(right)) {
                    return Some(Predicate::Compare(operand, comparison, literal));
                }
                Some(Predicate::Compare(scalar(fields, right)?, comparison.swapped(), literal(left)?))
            }
            _ => None,
        },
        _ => None,
    }
}

fn all<R>(fields: &[Field<R>], parts: &[Expr]) -> Option<Vec<Predicate>> {
    parts.iter().map(|part| predicate(fields, part)).collect()
}

/// `field in [literal, ...]`, or `"text" in field`.
fn membership<R>(fields: &[Field<R>], whole: &Expr, wanted: &Expr) -> Option<Predicate> {
    if let Expr::Array(items, _) = whole {
        let literals: Option<Vec<_>> = items.iter().map(literal).collect();
        return Some(Predicate::OneOf(scalar(fields, wanted)?, literals?));
    }
    let operand = operand(fields, whole)?;
    let named = operand.label.is_some();
    match (fields[operand.field].kind, literal(wanted)?) {
        (Kind::List | Kind::Labels, Value::Text(text)) if !named => {
            Some(Predicate::Has(operand, text.into_owned()))
        }
        _ => None,
    }
}

/// A field that holds one value, or one name of a field that holds several.
fn scalar<R>(fields: &[Field<R>], part: &Expr) -> Option<Operand> {
    let operand = operand(fields, part)?;
    match (fields[operand.field].kind, &operand.label) {
        (Kind::Labels, None) | (Kind::List, _) => None,
        _ => Some(operand),
    }
}

/// `field`, `field.name` or `field["name"]`.
fn operand<R>(fields: &[Field<R>], part: &Expr) -> Option<Operand> {
    let place = |expression: &Expr| match expression {
        Expr::Variable(name, ..) => fields.iter().position(|field| field.name == name.1.as_str()),
        _ => None,
    };
    let (field, label) = match part {
        Expr::Dot(pair, ..) => match &pair.rhs {
            Expr::Property(names, _) => (place(&pair.lhs)?, Some(names.2.to_string())),
            _ => return None,
        },
        Expr::Index(pair, ..) => match &pair.rhs {
            Expr::StringConstant(name, _) => (place(&pair.lhs)?, Some(name.to_string())),
            _ => return None,
        },
        _ => (place(part)?, None),
    };
    let labelled = label.is_some();
    (!labelled || fields[field].kind == Kind::Labels).then_some(Operand { field, label })
}

fn literal(part: &Expr) -> Option<Value<'static>> {
    Some(match part {
        Expr::BoolConstant(truth, _) => Value::Truth(*truth),
        Expr::IntegerConstant(number, _) => Value::Integer(*number),
        Expr::FloatConstant(number, _) => Value::Number(**number),
        Expr::StringConstant(text, _) => Value::Text(text.to_string().into()),
        Expr::DynamicConstant(value, _) => return folded(value),
        Expr::Unit(_) => Value::Missing,
        _ => return None,
    })
}

/// A constant that the parser already made a value of.
fn folded(value: &Dynamic) -> Option<Value<'static>> {
    if value.is_unit() {
        return Some(Value::Missing);
    }
    value
        .as_int()
        .map(Value::Integer)
        .or_else(|_| value.as_float().map(Value::Number))
        .or_else(|_| value.as_bool().map(Value::Truth))
        .ok()
}
