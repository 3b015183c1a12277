//! The kernel's rules, held to their promises on a machine made of data.

#[cfg(test)]
mod machine;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod walk;
