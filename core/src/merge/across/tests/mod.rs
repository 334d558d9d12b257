//! Tests of rules over several records.
