//! Where the boxes and lines of a picture go: ranks from top to bottom, few crossings, straight lines.
//!
//! The steps are those of every layered drawing: turn edges of circles round, rank by the longest path, lead long edges
//! through a place of their own on each rank, order the ranks so that lines cross little, and place the boxes near what
//! they are joined to.

/// Least room between two boxes of a rank.
const GAP: f64 = 28.0;
/// Room between two ranks.
const RISE: f64 = 64.0;
/// Room around the picture.
const MARGIN: f64 = 16.0;
/// How often ranks are ordered, and boxes placed, by their neighbours; more changes little.
const ROUNDS: usize = 12;

/// A box to be placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

/// A place in the picture; `y` grows downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// A picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// Width of the whole.
    pub width: f64,
    /// Height of the whole.
    pub height: f64,
    /// Upper left corners of the boxes, in the order in which they were given.
    pub boxes: Vec<Point>,
    /// Corners of the lines from source to target, in the order of the edges. Lines lead down, but for those that
    /// close a circle.
    pub lines: Vec<Vec<Point>>,
}

/// Places boxes and the lines between them; the same input always gives the same picture.
///
/// # Guarantees
/// No two boxes overlap. The line of an edge that is in no circle leads downwards only.
pub fn place(boxes: &[Size], edges: &[(usize, usize)]) -> Layout {
    let mut drawing = Drawing::new(boxes, edges);
    drawing.order();
    drawing.set_columns();
    drawing.finish(boxes, edges)
}

/// A box, or the place where a long edge passes a rank.
struct Node {
    rank: usize,
    width: f64,
    /// Middle.
    x: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

struct Drawing {
    nodes: Vec<Node>,
    /// Nodes from left to right, rank by rank.
    ranks: Vec<Vec<usize>>,
    /// What each edge passes, from the upper end to the lower; `None` for edges from a box to itself.
    paths: Vec<Option<Vec<usize>>>,
    /// Edges whose upper end is their target.
    turned: Vec<bool>,
}

impl Drawing {
    fn new(boxes: &[Size], edges: &[(usize, usize)]) -> Self {
        let turned = closing(boxes.len(), edges);
        let down: Vec<(usize, usize)> = edges
            .iter()
            .zip(&turned)
            .map(|((from, to), turned)| if *turned { (*to, *from) } else { (*from, *to) })
            .collect();
        let ranks = rank(boxes.len(), &down);
        let mut nodes: Vec<Node> = boxes
            .iter()
            .zip(&ranks)
            .map(|(size, rank)| Node { rank: *rank, width: size.width, x: 0.0, above: Vec::new(), below: Vec::new() })
            .collect();
        let paths = down.iter().map(|(from, to)| (from != to).then(|| lead(&mut nodes, *from, *to))).collect();
        let mut by_rank = vec![Vec::new(); ranks.iter().max().map_or(0, |last| last + 1)];
        for (at, node) in nodes.iter().enumerate() {
            by_rank[node.rank].push(at);
        }
        Self { nodes, ranks: by_rank, paths, turned }
    }

    /// Orders each rank by the middle of what its nodes are joined to above, then below, and so on.
    fn order(&mut self) {
        for round in 0..ROUNDS {
            let downwards = round % 2 == 0;
            let mut place = vec![0.0; self.nodes.len()];
            for rank in &self.ranks {
                rank.iter().enumerate().for_each(|(at, node)| place[*node] = at as f64);
            }
            let count = self.ranks.len();
            for step in 0..count {
                let rank = if downwards { step } else { count - 1 - step };
                let mut keyed: Vec<(f64, usize)> = Vec::new();
                for node in &self.ranks[rank] {
                    let joined = if downwards { &self.nodes[*node].above } else { &self.nodes[*node].below };
                    let own = place[*node];
                    let middle = joined.iter().map(|other| place[*other]).sum::<f64>() / joined.len() as f64;
                    keyed.push((if joined.is_empty() { own } else { middle }, *node));
                }
                keyed.sort_by(|one, two| one.0.total_cmp(&two.0));
                self.ranks[rank] = keyed.into_iter().map(|(_, node)| node).collect();
                self.ranks[rank].iter().enumerate().for_each(|(at, node)| place[*node] = at as f64);
            }
        }
    }

    /// Places nodes near the middle of what they are joined to, in their order and without touching each other.
    fn set_columns(&mut self) {
        for rank in 0..self.ranks.len() {
            let wanted = vec![0.0; self.ranks[rank].len()];
            self.settle(rank, &wanted);
        }
        for round in 0..ROUNDS {
            let count = self.ranks.len();
            for step in 0..count {
                let rank = if round % 2 == 0 { step } else { count - 1 - step };
                let wanted: Vec<f64> = self.ranks[rank].iter().map(|node| self.middle(*node)).collect();
                self.settle(rank, &wanted);
            }
        }
    }

    fn middle(&self, node: usize) -> f64 {
        let node = &self.nodes[node];
        let joined = node.above.iter().chain(&node.below);
        let count = node.above.len() + node.below.len();
        match count {
            0 => node.x,
            count => joined.map(|other| self.nodes[*other].x).sum::<f64>() / count as f64,
        }
    }

    /// Gives a rank the places that are wanted, as far as there is room: the mean of pushing all to the right and of
    /// pushing all to the left, each of which keeps the distances.
    fn settle(&mut self, rank: usize, wanted: &[f64]) {
        let row = self.ranks[rank].clone();
        let apart = |one: usize, two: usize| (self.nodes[row[one]].width + self.nodes[row[two]].width) / 2.0 + GAP;
        let (mut right, mut left) = (wanted.to_vec(), wanted.to_vec());
        for at in 1..row.len() {
            right[at] = right[at].max(right[at - 1] + apart(at - 1, at));
        }
        for at in (1..row.len()).rev() {
            left[at - 1] = left[at - 1].min(left[at] - apart(at - 1, at));
        }
        for (at, node) in row.iter().enumerate() {
            self.nodes[*node].x = (left[at] + right[at]) / 2.0;
        }
    }

    fn finish(self, boxes: &[Size], edges: &[(usize, usize)]) -> Layout {
        let left = self.nodes.iter().map(|node| node.x - node.width / 2.0).fold(f64::INFINITY, f64::min);
        let right = self.nodes.iter().map(|node| node.x + node.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
        if boxes.is_empty() {
            return Layout { width: 2.0 * MARGIN, height: 2.0 * MARGIN, ..Layout::default() };
        }
        let tallest = boxes.iter().map(|size| size.height).fold(0.0, f64::max);
        let top = |rank: usize| MARGIN + rank as f64 * (tallest + RISE);
        let x = |node: usize| self.nodes[node].x - left + MARGIN;
        let corner = |at: usize| Point { x: x(at) - boxes[at].width / 2.0, y: top(self.nodes[at].rank) };
        let line = |at: usize| -> Vec<Point> {
            let Some(path) = &self.paths[at] else { return own_line(corner(edges[at].0), boxes[edges[at].0]) };
            let last = path.len() - 1;
            let point = |(step, node): (usize, &usize)| {
                let y = top(self.nodes[*node].rank);
                let y = match step {
                    0 => y + boxes[*node].height,
                    step if step == last => y,
                    _ => y + tallest / 2.0,
                };
                Point { x: x(*node), y }
            };
            let mut points: Vec<Point> = path.iter().enumerate().map(point).collect();
            if self.turned[at] {
                points.reverse();
            }
            points
        };
        Layout {
            width: right - left + 2.0 * MARGIN,
            height: top(self.ranks.len()) - RISE + MARGIN,
            boxes: (0..boxes.len()).map(corner).collect(),
            lines: (0..edges.len()).map(line).collect(),
        }
    }
}

/// The line from a box to itself: a loop at its right side, inside the gap.
fn own_line(corner: Point, size: Size) -> Vec<Point> {
    let side = corner.x + size.width;
    let at = |out: f64, part: f64| Point { x: side + out, y: corner.y + size.height * part };
    vec![at(0.0, 0.3), at(GAP / 3.0, 0.3), at(GAP / 3.0, 0.7), at(0.0, 0.7)]
}

/// Returns for each edge whether it closes a circle, as a walk in depth finds it.
fn closing(count: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut leaving = vec![Vec::new(); count];
    for (at, (from, _)) in edges.iter().enumerate() {
        leaving[*from].push(at);
    }
    let mut turned = vec![false; edges.len()];
    // 0 for nodes that were not seen, 1 for those on the way, 2 for those that are done.
    let mut state = vec![0u8; count];
    for start in 0..count {
        let mut walk = vec![(start, 0)];
        while let Some((node, next)) = walk.pop() {
            if next == 0 && state[node] != 0 {
                continue;
            }
            state[node] = 1;
            let Some(edge) = leaving[node].get(next).copied() else {
                state[node] = 2;
                continue;
            };
            walk.push((node, next + 1));
            match state[edges[edge].1] {
                0 => walk.push((edges[edge].1, 0)),
                1 => turned[edge] = true,
                _ => {}
            }
        }
    }
    turned
}

/// Ranks nodes by the longest path that leads to them; `edges` have no circles but from a node to itself.
fn rank(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut open = vec![0usize; count];
    let mut leaving = vec![Vec::new(); count];
    for (from, to) in edges.iter().filter(|(from, to)| from != to) {
        open[*to] += 1;
        leaving[*from].push(*to);
    }
    let mut ranks = vec![0; count];
    let mut ready: Vec<usize> = (0..count).filter(|node| open[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for to in &leaving[node] {
            ranks[*to] = ranks[*to].max(ranks[node] + 1);
            open[*to] -= 1;
            if open[*to] == 0 {
                ready.push(*to);
            }
        }
    }
    ranks
}

/// Leads an edge from rank to rank; returns what it passes, its ends included.
fn lead(nodes: &mut Vec<Node>, from: usize, to: usize) -> Vec<usize> {
    let mut path = vec![from];
    for rank in nodes[from].rank + 1..nodes[to].rank {
        path.push(nodes.len());
        nodes.push(Node { rank, width: 0.0, x: 0.0, above: Vec::new(), below: Vec::new() });
    }
    path.push(to);
    for pair in path.windows(2) {
        nodes[pair[0]].below.push(pair[1]);
        nodes[pair[1]].above.push(pair[0]);
    }
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graphs() -> impl Strategy<Value = (Vec<Size>, Vec<(usize, usize)>)> {
        (1..30usize).prop_flat_map(|count| {
            let size = (40.0..200.0f64, 30.0..60.0f64).prop_map(|(width, height)| Size { width, height });
            (prop::collection::vec(size, count), prop::collection::vec((0..count, 0..count), 0..50))
        })
    }

    proptest! {
        #[test]
        fn no_two_boxes_overlap_and_all_lie_in_the_picture((boxes, edges) in graphs()) {
            let layout = place(&boxes, &edges);
            let corners: Vec<_> = layout.boxes.iter().zip(&boxes).collect();
            for (at, (one, size)) in corners.iter().enumerate() {
                prop_assert!(one.x >= 0.0 && one.y >= 0.0);
                prop_assert!(one.x + size.width <= layout.width + 1e-6 && one.y + size.height <= layout.height + 1e-6);
                for (two, other) in &corners[at + 1..] {
                    let apart = one.x + size.width <= two.x + 1e-6 || two.x + other.width <= one.x + 1e-6
                        || one.y + size.height <= two.y || two.y + other.height <= one.y;
                    prop_assert!(apart, "{one:?} {size:?} {two:?} {other:?}");
                }
            }
            prop_assert_eq!(layout, place(&boxes, &edges));
        }

        #[test]
        fn lines_lead_down_where_there_is_no_circle((boxes, edges) in graphs()) {
            let edges: Vec<_> = edges.into_iter().filter(|(from, to)| from < to).collect();
            let layout = place(&boxes, &edges);
            for (line, (from, to)) in layout.lines.iter().zip(&edges) {
                prop_assert!(line.windows(2).all(|pair| pair[0].y < pair[1].y), "{line:?}");
                prop_assert_eq!(line[0].y, layout.boxes[*from].y + boxes[*from].height);
                prop_assert_eq!(line[line.len() - 1].y, layout.boxes[*to].y);
            }
        }
    }

    #[test]
    fn a_chain_is_a_straight_line() {
        let size = Size { width: 100.0, height: 40.0 };
        let layout = place(&[size; 3], &[(0, 1), (1, 2), (0, 2)]);
        assert!(layout.boxes[0].y < layout.boxes[1].y && layout.boxes[1].y < layout.boxes[2].y);
        assert_eq!(layout.lines[0].len(), 2);
        assert_eq!(layout.lines[2].len(), 3, "the long edge passes the middle rank");
    }

    #[test]
    fn circles_and_boxes_joined_to_themselves_are_drawn() {
        let size = Size { width: 100.0, height: 40.0 };
        let layout = place(&[size; 2], &[(0, 1), (1, 0), (1, 1)]);
        assert!(layout.lines[1][0].y > layout.lines[1][1].y, "the edge that closes the circle leads up");
        assert_eq!(layout.lines[2].len(), 4);
        assert_eq!(place(&[], &[]).boxes, []);
    }
}
