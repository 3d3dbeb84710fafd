//! What changed from version to version, as decorators.

use radii_model::conversion::RENAMED_FROM;
use radii_model::schema::{Property, Schema};
use serde_json::Value as Json;

use super::model::Writer;
use super::text::quoted;

/// One property through the versions.
pub(super) struct Lineage<'s> {
    /// In which versions it is there, oldest first, and how.
    pub(super) moments: Vec<Moment<'s>>,
}

/// A property in one version.
pub(super) struct Moment<'s> {
    pub(super) version: usize,
    pub(super) name: &'s str,
    pub(super) property: &'s Property,
    pub(super) required: bool,
}

impl<'s> Lineage<'s> {
    /// The property as it is in the newest version that has it.
    pub(super) fn newest(&self) -> &Moment<'s> {
        self.moments.last().expect("a lineage has a moment")
    }

    /// Its schemas.
    pub(super) fn schemas(&self) -> Vec<(usize, &'s Schema)> {
        self.moments.iter().map(|moment| (moment.version, &moment.property.schema)).collect()
    }
}

/// Follows the properties of an object through the versions that have it; the order is that of the newest version.
pub(super) fn lineages<'s>(versions: &[(usize, &'s Schema)]) -> Vec<Lineage<'s>> {
    let mut found: Vec<Lineage<'s>> = Vec::new();
    for (at, (version, schema)) in versions.iter().enumerate() {
        for (name, property) in &schema.properties {
            let before = property.schema.extensions.get(RENAMED_FROM).and_then(Json::as_str).unwrap_or(name);
            let required = schema.required.contains(name) || property.schema.read_only;
            let moment = Moment { version: *version, name, property, required };
            // Only the last name counts: that of the version before, or the last one that it had.
            let heir = found.iter_mut().find(|lineage| {
                let last = lineage.newest();
                last.version < *version && last.name == before && (before == name || at > 0)
            });
            match heir {
                Some(lineage) => lineage.moments.push(moment),
                None => found.push(Lineage { moments: vec![moment] }),
            }
        }
    }
    let newest = versions.last().map(|(_, schema)| *schema);
    let place = |lineage: &Lineage<'_>| newest.and_then(|schema| schema.properties.get_index_of(lineage.newest().name));
    found.sort_by_key(|lineage| place(lineage).unwrap_or(usize::MAX));
    found
}

/// Returns `@added` and `@removed` for what is there in some of the versions; `around` are those of what it is in.
pub(super) fn presence(writer: &Writer<'_>, present: &[usize], around: Option<&[usize]>) -> String {
    let all: Vec<usize> = (0..writer.version_count()).collect();
    let around = around.unwrap_or(&all);
    let mut out = String::new();
    let mut was_there = true;
    for (at, version) in around.iter().enumerate() {
        let is_there = present.contains(version);
        if at == 0 && !is_there {
            was_there = false;
            continue;
        }
        if is_there != was_there {
            let decorator = if is_there { "added" } else { "removed" };
            out.push_str(&format!("@{decorator}({})\n", writer.version(*version)));
        }
        was_there = is_there;
    }
    // What follows the last version of the surroundings goes with them.
    out
}

/// Returns the decorators that tell how a property came to be what it is now.
pub(super) fn changes(writer: &mut Writer<'_>, lineage: &Lineage<'_>, around: &[usize]) -> String {
    let present: Vec<usize> = lineage.moments.iter().map(|moment| moment.version).collect();
    let mut out = presence(writer, &present, Some(around));
    for pair in lineage.moments.windows(2) {
        let (was, is) = (&pair[0], &pair[1]);
        if was.name != is.name {
            out.push_str(&format!("@renamedFrom({}, {})\n", writer.version(is.version), quoted(was.name)));
        }
    }
    let flips: Vec<&Moment<'_>> =
        lineage.moments.windows(2).filter(|pair| pair[0].required != pair[1].required).map(|pair| &pair[1]).collect();
    match flips.as_slice() {
        [] => {}
        [flip] => {
            let decorator = if flip.required { "madeRequired" } else { "madeOptional" };
            out.push_str(&format!("@{decorator}({})\n", writer.version(flip.version)));
        }
        [.., last] => {
            let message = format!("`{}` became required and optional in turn; only the last change is kept", last.name);
            writer.lose(last.property.key_span, message);
            let decorator = if last.required { "madeRequired" } else { "madeOptional" };
            out.push_str(&format!("@{decorator}({})\n", writer.version(last.version)));
        }
    }
    out
}
