//! The analysis of kernels of a few instructions, from code to report.

mod files;
mod fixture;
mod promises;
mod rows;
