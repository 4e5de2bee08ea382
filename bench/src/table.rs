//! A plain-text table: a title, columns, and rows of which an empty one is left out.

use std::fmt;

#[derive(Debug)]
pub struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    pub fn new<const N: usize>(title: &str, columns: [String; N]) -> Table {
        Table {
            title: title.to_owned(),
            columns: columns.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, unless it has no cell.
    pub fn row<const N: usize>(&mut self, name: &str, cells: [Option<String>; N]) {
        if cells.iter().any(Option::is_some) {
            let cells = cells.map(|cell| cell.unwrap_or_else(|| "-".to_owned()));
            self.rows.push((name.to_owned(), cells.into()));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self
            .rows
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let cells = self.rows.iter().map(|(_, cells)| &cells[column]);
                cells
                    .chain([&self.columns[column]])
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        writeln!(f, "  {}", self.title)?;
        let header = (&String::new(), &self.columns);
        for (name, cells) in [header]
            .into_iter()
            .chain(self.rows.iter().map(|(name, cells)| (name, cells)))
        {
            write!(f, "    {name:first$}")?;
            for (cell, &width) in cells.iter().zip(&widths) {
                write!(f, "  {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new("title", ["a".to_owned(), "long".to_owned()]);
        table.row("one", [Some("1".to_owned()), None]);
        table.row("nothing", [None, None]);
        table.row("two", [Some("222".to_owned()), Some("2".to_owned())]);
        assert_eq!(
            table.to_string(),
            "  title\n           a  long\n    one    1     -\n    two  222     2\n"
        );
    }
}
