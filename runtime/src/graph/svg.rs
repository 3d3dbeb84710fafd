//! Graphs as pictures, without any other program.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::draw::{Nodes, escape};
use super::layout::{Layout, Point, Size, place};

/// Height of a box: a line for the name, one for the type.
const HEIGHT: f64 = 46.0;
/// Width of a letter; the picture cannot measure the reader's fonts.
const LETTER: f64 = 7.4;
const LEAST_WIDTH: f64 = 110.0;
/// Returns a graph, as [`super::build`] gives it, as an SVG picture in the colour of the text around it. It needs no style sheet, so that strict pages may hold it.
pub fn to_svg(graph: &Json) -> String {
    let nodes = Nodes::of(graph);
    let edges = nodes.edges();
    let sizes: Vec<Size> = nodes.all.iter().map(size).collect();
    let pairs: Vec<(usize, usize)> = edges.iter().map(|(from, to, _)| (*from, *to)).collect();
    let layout = place(&sizes, &pairs);
    let Layout { width, height, .. } = layout;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"Application graph\">\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path fill=\"none\" stroke=\"currentColor\" d=\"M0 0L8 4L0 8\"/></marker></defs>\n\
         <g fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.6\">\n"
    );
    for ((_, _, is_dependency), line) in edges.iter().zip(&layout.lines) {
        let dashes = if *is_dependency { " stroke-dasharray=\"4 3\"" } else { "" };
        let _ = writeln!(svg, "<path{dashes} marker-end=\"url(#arrow)\" d=\"{}\"/>", path(line));
    }
    svg.push_str(
        "</g>\n<g fill=\"currentColor\" text-anchor=\"middle\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n",
    );
    for ((node, size), corner) in nodes.all.iter().zip(&sizes).zip(&layout.boxes) {
        let middle = corner.x + size.width / 2.0;
        let _ = writeln!(
            svg,
            "<g><title>{}</title><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{HEIGHT}\" rx=\"6\" \
             fill=\"none\" stroke=\"currentColor\"/>\
             <text x=\"{middle:.1}\" y=\"{:.1}\">{}</text><text font-size=\"11\" opacity=\"0.7\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text></g>",
            escape(&node["id"]),
            corner.x,
            corner.y,
            size.width,
            corner.y + 20.0,
            escape(&node["name"]),
            corner.y + 37.0,
            escape(&node["type"]),
        );
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn size(node: &Json) -> Size {
    let letters = |name: &str| node[name].as_str().unwrap_or_default().chars().count();
    // Types are written smaller.
    let widest = (letters("name") as f64).max(letters("type") as f64 * 0.85);
    Size { width: (widest * LETTER + 24.0).max(LEAST_WIDTH), height: HEIGHT }
}

/// A line through its points, bent gently where it passes a rank.
fn path(line: &[Point]) -> String {
    let mut path = String::new();
    for (at, point) in line.iter().enumerate() {
        let Some(before) = at.checked_sub(1).map(|before| line[before]) else {
            let _ = write!(path, "M{:.1} {:.1}", point.x, point.y);
            continue;
        };
        let middle = (before.y + point.y) / 2.0;
        let _ = write!(path, "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}", before.x, point.x, point.x, point.y);
    }
    path
}
