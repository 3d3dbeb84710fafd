//! Columns as the stock command line prints them: at least ten wide, two blanks between, no lines.

/// A table of text with a header.
pub struct Table {
    rows: Vec<Vec<String>>,
}

const NARROWEST: usize = 10;
const GAP: usize = 2;

impl Table {
    /// Returns a table without rows.
    pub fn new<const N: usize>(header: [&str; N]) -> Self {
        Self { rows: vec![header.iter().map(|title| (*title).to_owned()).collect()] }
    }

    /// Returns a table without rows whose columns are known only now.
    pub fn with_columns(header: Vec<String>) -> Self {
        Self { rows: vec![header] }
    }

    /// Adds a row to a table of [`Table::with_columns`].
    pub fn row_of(&mut self, cells: &[String]) {
        self.rows.push(cells.iter().map(|cell| one_line(cell)).collect());
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.iter().map(|cell| one_line(cell)).collect());
    }

    /// Returns the text, each line with its line feed.
    pub fn render(&self) -> String {
        let columns = self.rows[0].len();
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().map(|row| row[column].chars().count() + GAP).max().unwrap_or(0))
            .map(|width| width.max(NARROWEST))
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let start = text.len();
            for (cell, width) in row.iter().zip(&widths) {
                text.push_str(cell);
                text.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
            }
            text.truncate(start + text[start..].trim_end().len());
            text.push('\n');
        }
        text
    }
}

/// Keeps a cell from breaking the table.
fn one_line(cell: &str) -> String {
    cell.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_ten_wide_and_end_without_blanks() {
        let mut table = Table::new(["GROUP", "ID"]);
        table.row(["one", "/planes/radius/local/resourcegroups/one"]);
        table.row(["a-longer-name", ""]);
        let lines: Vec<_> = table.render().lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "GROUP          ID");
        assert_eq!(lines[1], "one            /planes/radius/local/resourcegroups/one");
        assert_eq!(lines[2], "a-longer-name");
        assert_eq!(Table::new(["GROUP", "ID"]).render(), "GROUP     ID\n");
    }

    #[test]
    fn a_cell_of_several_lines_stays_in_its_row() {
        let mut table = Table::new(["A"]);
        table.row(["x\n  y"]);
        assert_eq!(table.render(), "A\nx y\n");
    }
}
