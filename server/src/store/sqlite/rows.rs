//! Statements with many rows of values.
//!
//! The number of rows is rounded up and the rest filled with NULL, so that there are few statements to prepare, not one for
//! each number of rows.

use sqlx::AssertSqlSafe;

/// Maximum number of rows in one statement: with the 13 columns of an event, well below SQLite's limit of 32,766 values.
pub(super) const MOST: usize = 256;

/// Rounds up to 1, 4, 16, 64 or [`MOST`] rows.
fn rounded(rows: usize) -> usize {
    [1, 4, 16, 64].into_iter().find(|size| *size >= rows).unwrap_or(MOST)
}

/// A statement with rows of so many `?` between its head and its tail. Nothing of what is typed gets into it.
pub(super) fn sql(head: &'static str, columns: usize, rows: usize, tail: &'static str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("{head}{}{tail}", placeholders(columns, rows)))
}

/// Rows of `?`, as many as [`padded`] gives for so many rows.
pub(super) fn placeholders(columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rounded(rows)].join(",")
}

/// The rows to bind: these, and `None` for each that was added.
pub(super) fn padded<T>(rows: &[T]) -> impl Iterator<Item = Option<&T>> {
    rows.iter().map(Some).chain(std::iter::repeat_n(None, rounded(rows.len()) - rows.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_few_statements() {
        for (rows, size) in [(1, 1), (2, 4), (4, 4), (5, 16), (17, 64), (65, 256), (256, 256)] {
            assert_eq!(rounded(rows), size);
            let bound: Vec<_> = padded(&vec![(); rows]).map(|row| row.is_some()).collect();
            assert_eq!(bound.len(), size);
            assert!(bound[..rows].iter().all(|row| *row) && !bound[rows..].contains(&true));
        }
        assert_eq!(sql("VALUES ", 2, 3, "").0, "VALUES (?,?),(?,?),(?,?),(?,?)");
    }
}
