//! What expressions can call, beside what Handlebars has (`if`, `each`, `eq`, `lookup` …).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError, RenderErrorReason,
    ScopedJson,
};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::Seed;

/// Writes its argument as JSON; how a single expression keeps its type.
pub const VALUE: &str = "radiiValue";

/// The helpers that a recipe's author may call.
pub const NAMES: [&str; 17] = [
    "multiply",
    "base64",
    "default",
    "each",
    "eq",
    "hash",
    "if",
    "join",
    "json",
    "lookup",
    "lower",
    "password",
    "uniqueName",
    "unless",
    "upper",
    "urlEncode",
    "with",
];

/// Longest name that [`unique_name`] makes: what Kubernetes allows.
const LONGEST_NAME: usize = 63;

type Call<'a> = Result<ScopedJson<'a>, RenderError>;

/// Adds the helpers; `id` is that of the resource that the recipe is for.
pub fn register(registry: &mut Handlebars<'static>, id: &str, seed: Seed) {
    // It writes to the server's log, where developers' values have no place.
    registry.unregister_helper("log");
    let hash = id_hash(id);
    let suffix = hash.clone();
    registry.register_helper(VALUE, Box::new(write_value));
    registry.register_helper("json", Box::new(write_value));
    registry.register_helper("default", Box::new(DefaultTo));
    text_helper(registry, "lower", |text, _| Ok(text.to_lowercase()));
    text_helper(registry, "upper", |text, _| Ok(text.to_uppercase()));
    text_helper(registry, "base64", |text, _| Ok(STANDARD.encode(text)));
    text_helper(registry, "urlEncode", |text, _| Ok(url_encode(&text)));
    text_helper(registry, "uniqueName", move |text, helper| {
        let longest = number(helper, "max", LONGEST_NAME, 10..=LONGEST_NAME)?;
        Ok(unique_name(&text, &suffix, longest))
    });
    text_helper(registry, "password", move |label, helper| {
        let length = number(helper, "length", 24, 8..=128)?;
        Ok(password(&seed, &label, length))
    });
    registry.register_helper("hash", Box::new(Constant(hash)));
    registry.register_helper("join", Box::new(Join));
    registry.register_helper("multiply", Box::new(Multiply));
}

/// Registers a helper that makes text of text.
fn text_helper(
    registry: &mut Handlebars<'static>,
    name: &'static str,
    make: impl Fn(String, &Helper<'_>) -> Result<String, RenderError> + Send + Sync + 'static,
) {
    registry.register_helper(name, Box::new(TextHelper { name, make }));
}

struct TextHelper<F> {
    name: &'static str,
    make: F,
}

impl<F> HelperDef for TextHelper<F>
where
    F: Fn(String, &Helper<'_>) -> Result<String, RenderError> + Send + Sync,
{
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Call<'rc> {
        let text = match argument(helper, self.name)? {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Bool(truth) => truth.to_string(),
            other => return Err(wrong(format!("`{}` takes text, not `{other}`", self.name))),
        };
        Ok(ScopedJson::Derived(Json::String((self.make)(text, helper)?)))
    }
}

/// `{{default context.resource.properties.size "S"}}`: the second value where the first is absent or null.
struct DefaultTo;

impl HelperDef for DefaultTo {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Call<'rc> {
        let value = helper.param(0).filter(|value| !value.is_value_missing() && !value.value().is_null());
        match value.or(helper.param(1)) {
            Some(value) if helper.params().len() == 2 => Ok(ScopedJson::Derived(value.value().clone())),
            _ => Err(wrong("`default` takes a value and what to take where it is absent".to_owned())),
        }
    }
}

/// `{{hash}}`: eight digits that only this resource has.
struct Constant(String);

impl HelperDef for Constant {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        _: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Call<'rc> {
        Ok(ScopedJson::Derived(Json::String(self.0.clone())))
    }
}

/// `{{join list ","}}`
struct Join;

impl HelperDef for Join {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Call<'rc> {
        let separator = helper.param(1).and_then(|value| value.value().as_str()).unwrap_or(",");
        let Json::Array(items) = argument(helper, "join")? else {
            return Err(wrong("`join` takes a list and a separator".to_owned()));
        };
        let texts: Vec<String> =
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
        Ok(ScopedJson::Derived(Json::String(texts.join(separator))))
    }
}

/// `{{multiply parameters.memoryInMib 1048576}}`: platforms count in different units.
struct Multiply;

impl HelperDef for Multiply {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Call<'rc> {
        argument(helper, "multiply")?;
        let factors: Option<Vec<i64>> = helper.params().iter().map(|factor| factor.value().as_i64()).collect();
        let product = factors.and_then(|factors| factors.into_iter().try_fold(1_i64, i64::checked_mul));
        product
            .map(|product| ScopedJson::Derived(product.into()))
            .ok_or_else(|| wrong("`multiply` takes whole numbers whose product has 64 bits".to_owned()))
    }
}

fn write_value(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    out.write(&argument(helper, "json")?.to_string())?;
    Ok(())
}

/// Returns the first argument, which must be there.
fn argument<'a>(helper: &'a Helper<'_>, name: &str) -> Result<&'a Json, RenderError> {
    let value = helper.param(0).ok_or_else(|| wrong(format!("`{name}` takes an argument")))?;
    if value.is_value_missing() {
        return Err(RenderErrorReason::MissingVariable(value.relative_path().cloned()).into());
    }
    Ok(value.value())
}

/// Returns a named number of a call.
fn number(
    helper: &Helper<'_>,
    name: &str,
    otherwise: usize,
    range: std::ops::RangeInclusive<usize>,
) -> Result<usize, RenderError> {
    let Some(value) = helper.hash_get(name) else { return Ok(otherwise) };
    let number = value.value().as_u64().and_then(|number| usize::try_from(number).ok());
    number.filter(|number| range.contains(number)).ok_or_else(|| {
        wrong(format!("`{name}` must be a number from {} to {}, not `{}`", range.start(), range.end(), value.value()))
    })
}

fn wrong(message: String) -> RenderError {
    RenderErrorReason::Other(message).into()
}

/// Returns eight hexadecimal digits of a resource's id.
fn id_hash(id: &str) -> String {
    Sha256::digest(id.to_ascii_lowercase()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a name that no other resource makes of the same text: `db-1a2b3c4d`.
fn unique_name(text: &str, suffix: &str, longest: usize) -> String {
    let clean: String = text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let room = longest - suffix.len() - 1;
    let kept: String = clean.trim_matches('-').chars().take(room).collect();
    let kept = kept.trim_matches('-');
    if kept.is_empty() { format!("r-{suffix}") } else { format!("{kept}-{suffix}") }
}

/// Returns a password for a purpose: the same for the same seed, different for every label.
///
/// Letters and digits only, so that it needs no quoting in a connection string.
fn password(seed: &Seed, label: &str, length: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let block = |counter: u64| {
        Sha256::new().chain_update(seed).chain_update(counter.to_be_bytes()).chain_update(label).finalize()
    };
    // 248 is the largest multiple of 62 in a byte; what is above would make some letters more likely.
    let bytes = (0..).flat_map(block).filter(|byte| *byte < 248);
    bytes.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).take(length).collect()
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn url_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_stable_per_seed_and_differ_by_label() {
        let seed = [7; 32];
        assert_eq!(password(&seed, "admin", 24), password(&seed, "admin", 24));
        assert_ne!(password(&seed, "admin", 24), password(&seed, "reader", 24));
        assert_ne!(password(&seed, "admin", 24), password(&[8; 32], "admin", 24));
        assert_eq!(password(&seed, "admin", 128).len(), 128);
    }

    #[test]
    fn unique_names_are_short_lower_case_and_the_resources_own() {
        let (a, b) = (id_hash("/planes/A"), id_hash("/planes/b"));
        assert_eq!(unique_name("My_Db", &a, 63), format!("my-db-{a}"));
        assert_ne!(unique_name("db", &a, 63), unique_name("db", &b, 63));
        assert_eq!(unique_name(&"x".repeat(100), &a, 63).len(), 63);
        assert_eq!(unique_name("---", &a, 63), format!("r-{a}"));
        assert_eq!(id_hash("/planes/A"), id_hash("/PLANES/a"));
    }
}
