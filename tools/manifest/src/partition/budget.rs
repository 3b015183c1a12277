//! Budgets in a `partition.toml`: a thread's own, or one that several share.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// A budget that threads share.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedBudget {
    /// Name.
    pub name: Spanned<String>,
    /// Amount, microseconds.
    pub amount_us: u32,
    /// Period, microseconds.
    pub period_us: u32,
}

impl SharedBudget {
    /// The amount and period.
    #[must_use]
    pub const fn value(&self) -> OwnBudget {
        OwnBudget { amount_us: self.amount_us, period_us: self.period_us }
    }
}

/// A thread's budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Its own.
    Own(OwnBudget),
    /// One of the partition's shared budgets, by name.
    Shared(String),
}

impl<'de> Deserialize<'de> for Budget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BudgetVisitor)
    }
}

/// Tells the two forms of a budget apart, with a better message than an untagged enum has.
struct BudgetVisitor;

impl<'de> Visitor<'de> for BudgetVisitor {
    type Value = Budget;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ amount_us = .., period_us = .. } or the name of a [[budget]]")
    }

    fn visit_str<E>(self, name: &str) -> Result<Budget, E> {
        Ok(Budget::Shared(name.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Budget, A::Error> {
        OwnBudget::deserialize(MapAccessDeserializer::new(map)).map(Budget::Own)
    }
}

/// An amount of time in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnBudget {
    /// Amount, microseconds.
    pub amount_us: u32,
    /// Period, microseconds.
    pub period_us: u32,
}
