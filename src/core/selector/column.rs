//! [`Column`]: a field that is shown, or one name of a field that holds texts by name.

use super::{
    Fault, Kind, Needs,
    field::{Field, Operand, find},
    value::Value,
};

/// What one column of a list shows.
#[derive(Debug)]
pub struct Column<R: 'static> {
    fields: &'static [Field<R>],
    operand: Operand,
}

impl<R> Column<R> {
    /// Reads the name of a field, or `labels.tier`.
    ///
    /// # Errors
    /// Names what is no field.
    pub fn parse(text: &str, fields: &'static [Field<R>]) -> Result<Self, Fault> {
        let (name, label) = match text.split_once('.') {
            Some((name, label)) => (name, Some(label.to_owned())),
            None => (text, None),
        };
        let field = find(fields, name, "")?;
        if label.is_some() && fields[field].kind != Kind::Labels {
            return Err(Fault(format!("'{name}' has no names within it")));
        }
        Ok(Self { fields, operand: Operand { field, label } })
    }

    /// What it reads besides the record itself.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.field().needs
    }

    /// What it holds, of a field as a whole.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.field().kind
    }

    /// Whether it tells how long ago something was.
    #[must_use]
    pub fn is_age(&self) -> bool {
        self.needs().include(Needs::CLOCK)
    }

    /// Reads it from a record.
    pub fn read<'a>(&self, row: &'a R) -> Value<'a> {
        self.operand.read(self.fields, row)
    }

    fn field(&self) -> &'static Field<R> {
        &self.fields[self.operand.field]
    }
}
