//! Environments and applications as the lifecycle sees them: where things go, and which recipe makes them.

use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json};

use crate::Fault;
use crate::fault::code;
use crate::host::Host;
use crate::platform::{ComputeKind, Marks, Named, Target};
use crate::recipe::Recipe;
use crate::store::Record;

/// Name of the recipe that is taken when the resource names none.
const DEFAULT_RECIPE: &str = "default";

/// A stored environment, of `Applications.Core` or `Radius.Core`.
#[derive(Debug)]
pub(crate) struct Environment {
    record: Record,
    /// Its id, as it was asked for.
    named: String,
}

impl Environment {
    /// Loads the environment that a resource's `environment` names.
    ///
    /// # Errors
    /// In the words of the Radius HTTP contract, part 5.5.
    pub(crate) async fn load(host: &Host, value: Option<&Json>) -> Result<Self, Fault> {
        let text = value.and_then(Json::as_str).unwrap_or_default();
        if !text.starts_with('/') {
            return Err(Fault::internal("could not parse environment ID"));
        }
        let Some(id) = text.parse::<ResourceId>().ok().filter(|id| id.is_resource() && !names_environment(id)) else {
            return Ok(Self { record: load_resource(host, text).await?, named: text.to_owned() });
        };
        // The name alone leads to an environment of that name, which binds nothing under another id.
        let is_classic = id.namespace().is_some_and(|name| name.eq_ignore_ascii_case("Applications.Core"));
        let kind = TypeName::new(if is_classic { "Applications.Core" } else { "Radius.Core" }, "environments");
        let other = id.scope().resource(&kind, id.name().unwrap_or_default());
        let mut record = load_resource(host, &other.to_string()).await?;
        record.properties.shift_remove("recipes");
        record.id = id;
        Ok(Self { record, named: text.to_owned() })
    }

    /// Wraps a record that is known to be an environment.
    pub(crate) fn of(record: Record) -> Self {
        Self { named: record.id.to_string(), record }
    }

    /// The environment's id.
    pub(crate) fn id(&self) -> &ResourceId {
        &self.record.id
    }

    /// Whether deployments only pretend.
    pub(crate) fn is_simulated(&self) -> bool {
        self.record.properties.get("simulated").and_then(Json::as_bool).unwrap_or(false)
    }

    /// The compute object: `compute`, or what the providers of a `Radius.Core` environment say.
    pub(crate) fn compute(&self) -> Map<String, Json> {
        if let Some(compute) = self.record.properties.get("compute").and_then(Json::as_object) {
            return compute.clone();
        }
        let kubernetes = self.record.properties.get("providers").and_then(|providers| providers.get("kubernetes"));
        let mut compute = Map::new();
        compute.insert("kind".into(), "kubernetes".into());
        if let Some(namespace) = kubernetes.and_then(|kubernetes| kubernetes.get("namespace")) {
            compute.insert("namespace".into(), namespace.clone());
        }
        compute
    }

    /// The compute kind.
    ///
    /// # Errors
    /// When no platform has that name.
    pub(crate) fn kind(&self) -> Result<ComputeKind, Fault> {
        let compute = self.compute();
        let kind = compute.get("kind").and_then(Json::as_str).unwrap_or_default();
        compute_kind(kind).ok_or_else(|| {
            Fault::bad_request(format!(
                "the compute kind `{kind}` of the environment `{}` is not known",
                self.record.id
            ))
        })
    }

    /// The namespace of the environment's own objects: the environment's name unless it says otherwise.
    pub(crate) fn namespace(&self) -> String {
        let given = self.compute().get("namespace").and_then(Json::as_str).map(str::to_owned);
        let fallback = || self.record.id.name().unwrap_or_default().to_ascii_lowercase();
        given.filter(|namespace| !namespace.is_empty()).unwrap_or_else(fallback)
    }

    /// The namespace of an application's objects.
    pub(crate) fn application_namespace(&self, application: &Record) -> String {
        let extensions = application.properties.get("extensions").and_then(Json::as_array).into_iter().flatten();
        let own = extensions.filter(|entry| entry.get("kind").and_then(Json::as_str) == Some("kubernetesNamespace"));
        if let Some(namespace) = own.filter_map(|entry| entry.get("namespace").and_then(Json::as_str)).next_back() {
            return namespace.to_owned();
        }
        if self.is_radius_core() {
            return self.namespace();
        }
        // What the application was given when it was written stays, whatever environment a resource of it names.
        let given = application.properties.get("status").and_then(|status| status["compute"]["namespace"].as_str());
        let own = application.properties.get("environment").and_then(Json::as_str).unwrap_or_default();
        if let Some(given) = given.filter(|_| !own.eq_ignore_ascii_case(&self.record.id.to_string())) {
            return given.to_owned();
        }
        let name = application.id.name().unwrap_or_default().to_ascii_lowercase();
        format!("{}-{name}", self.namespace())
    }

    /// What environment and application mark everything with (`kubernetesMetadata`).
    pub(crate) fn marks(&self, application: Option<&Record>) -> Marks {
        let mut marks = Marks::default();
        for record in std::iter::once(&self.record).chain(application) {
            let extensions = record.properties.get("extensions").and_then(Json::as_array).into_iter().flatten();
            for extension in extensions.filter(|entry| entry["kind"] == "kubernetesMetadata") {
                marks.overlay(&crate::workload::marks(extension));
            }
        }
        marks
    }

    /// Where the resources of an application in this environment go.
    pub(crate) fn target(&self, application: Option<&Record>) -> Result<Target, Fault> {
        Ok(Target {
            kind: self.kind()?,
            environment: named(&self.record),
            application: application.map(named),
            environment_namespace: self.namespace(),
            namespace: application
                .map_or_else(|| self.namespace(), |application| self.application_namespace(application)),
            compute: self.compute(),
        })
    }

    /// Whether the environment binds recipes through packs.
    fn is_radius_core(&self) -> bool {
        self.record.id.namespace().is_some_and(|namespace| namespace.eq_ignore_ascii_case("Radius.Core"))
    }

    /// A property as it is stored.
    pub(crate) fn property(&self, name: &str) -> Option<&Json> {
        self.record.properties.get(name)
    }

    /// Whether resources of a type may have fields of their own for platforms: `allowPlatformOptions` of the type's
    /// `recipeParameters` says no.
    pub(crate) fn allows_platform_options(&self, type_name: &str) -> bool {
        let parameters = self.property("recipeParameters").and_then(Json::as_object);
        let of_type = type_name.parse::<TypeName>().ok().zip(parameters).and_then(|(name, all)| find_type(all, &name));
        of_type.and_then(|own| own.get("allowPlatformOptions")).and_then(Json::as_bool).unwrap_or(true)
    }

    /// The cloud scopes of the recipe context: `azure` and `aws`, where the environment has them.
    pub(crate) fn provider(&self, name: &str) -> Option<&Json> {
        self.record.properties.get("providers")?.get(name)
    }

    /// Returns the recipe for a resource of `type_name`; `wanted` is the resource's own `recipe` object.
    ///
    /// # Errors
    /// In the codes and words of the Radius HTTP contract, part 5.5.
    pub(crate) async fn find_recipe(
        &self,
        host: &Host,
        type_name: &TypeName,
        wanted: Option<&Json>,
    ) -> Result<Recipe, Fault> {
        let mut recipe = if self.is_radius_core() {
            self.find_in_packs(host, type_name).await?
        } else {
            let name = wanted.and_then(|wanted| wanted.get("name")).and_then(Json::as_str);
            self.find_bound(type_name, name.unwrap_or(DEFAULT_RECIPE))?
        };
        let own = wanted.and_then(|wanted| wanted.get("parameters")).and_then(Json::as_object);
        if own.is_some_and(|own| !own.is_empty()) {
            recipe.operators = Some(recipe.parameters.clone());
        }
        overlay(&mut recipe.parameters, own);
        Ok(recipe)
    }

    fn find_bound(&self, type_name: &TypeName, name: &str) -> Result<Recipe, Fault> {
        let recipes = self.record.properties.get("recipes").and_then(Json::as_object);
        let bound = recipes.and_then(|recipes| find_type(recipes, type_name)).and_then(|bound| bound.get(name));
        let Some(entry) = bound else {
            let message = format!("could not find recipe \"{name}\" in environment \"{}\"", self.named);
            return Err(Fault::new(404, code::RECIPE_NOT_FOUND, message));
        };
        let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let mut recipe = Recipe {
            name: name.to_owned(),
            kind: text("templateKind"),
            path: text("templatePath"),
            version: Some(text("templateVersion")).filter(|version| !version.is_empty()),
            plain_http: entry.get("plainHttp").and_then(Json::as_bool).unwrap_or(false),
            parameters: Map::new(),
            operators: None,
            outputs: Map::new(),
        };
        overlay(&mut recipe.parameters, entry.get("parameters").and_then(Json::as_object));
        Ok(recipe)
    }

    async fn find_in_packs(&self, host: &Host, type_name: &TypeName) -> Result<Recipe, Fault> {
        let packs = self.record.properties.get("recipePacks").and_then(Json::as_array).cloned().unwrap_or_default();
        if packs.is_empty() {
            return Err(Fault::internal(format!(
                "could not find any recipe pack for \"{type_name}\" in environment \"{}\"",
                self.named
            )));
        }
        for pack in packs.iter().filter_map(Json::as_str) {
            let pack = load_resource(host, pack).await?;
            let recipes = pack.properties.get("recipes").and_then(Json::as_object);
            if let Some(entry) = recipes.and_then(|recipes| find_type(recipes, type_name)) {
                return Ok(self.bind_pack_entry(entry, type_name));
            }
        }
        Err(Fault::internal(format!("no recipe pack found with recipe for resource type \"{type_name}\"")))
    }

    fn bind_pack_entry(&self, entry: &Json, type_name: &TypeName) -> Recipe {
        let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let kind = text("kind");
        let source = text("source");
        let (path, version) = match module_version(&source).filter(|_| kind == "terraform") {
            Some((path, version)) => (path.to_owned(), Some(version.to_owned())),
            None => (source, None),
        };
        let mut recipe = Recipe {
            name: DEFAULT_RECIPE.to_owned(),
            kind,
            path,
            version,
            plain_http: entry.get("plainHttp").and_then(Json::as_bool).unwrap_or(false),
            parameters: Map::new(),
            operators: None,
            outputs: entry.get("outputs").and_then(Json::as_object).cloned().unwrap_or_default(),
        };
        overlay(&mut recipe.parameters, entry.get("parameters").and_then(Json::as_object));
        let own = self.record.properties.get("recipeParameters").and_then(Json::as_object);
        overlay(&mut recipe.parameters, own.and_then(|own| own.get(&type_name.to_string())).and_then(Json::as_object));
        recipe
    }
}

/// Loads the application that a resource's `application` names, if it names one.
pub(crate) async fn load_application(host: &Host, value: Option<&Json>) -> Result<Option<Record>, Fault> {
    match value.and_then(Json::as_str).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => load_resource(host, text).await.map(Some),
    }
}

/// Loads what a resource of the built-in types is linked to, of one type; says so if that is impossible.
///
/// # Errors
/// 400, in words that clients of Radius know.
pub(crate) async fn load_linked(host: &Host, text: &str, kind: &TypeName) -> Result<Record, Fault> {
    let Some(id) = text.parse::<ResourceId>().ok().filter(ResourceId::is_resource) else {
        return Err(Fault::bad_request(format!("{text} is not a valid resource id for {kind}.")));
    };
    if id.resource_type().is_none_or(|own| own != *kind) {
        return Err(Fault::bad_request(format!("linked \"{text}\" has invalid {kind} resource type.")));
    }
    let found = host.parts.store.find(&id).await?;
    found.ok_or_else(|| Fault::bad_request(format!("linked resource {text} does not exist")))
}

/// Whether an id is that of an environment.
fn names_environment(id: &ResourceId) -> bool {
    let kinds = ["Applications.Core", "Radius.Core"].map(|namespace| TypeName::new(namespace, "environments"));
    id.resource_type().is_some_and(|kind| kinds.contains(&kind))
}

/// Where the resources of an application in an environment go; the application is the one that a resource names.
///
/// An environment of `Radius.Core` says all there is to say, so its applications need not be there.
///
/// # Errors
/// When the application is named by something that is no id, or has to be there and is not.
pub(crate) async fn target_of(host: &Host, environment: &Environment, record: &Record) -> Result<Target, Fault> {
    let written = record.properties.get("application").and_then(Json::as_str).filter(|text| !text.is_empty());
    if let Some(text) = written.filter(|text| !text.starts_with('/')) {
        // One kind of environment asks for the application before there is a recipe, the other when it is run.
        let said = Fault::internal(format!("'{text}' is not a valid resource id"));
        let is_of_recipe = environment.is_radius_core();
        return Err(if is_of_recipe {
            Fault { code: code::RECIPE_DEPLOYMENT.into(), status: 400, ..said }
        } else {
            said
        });
    }
    let application = match load_application(host, record.properties.get("application")).await {
        Err(fault) if !environment.is_radius_core() => return Err(fault),
        found => found.unwrap_or_default(),
    };
    let mut target = environment.target(application.as_ref())?;
    if target.application.is_none()
        && let Some(id) = written.and_then(|text| text.parse::<ResourceId>().ok())
    {
        let name = id.name().unwrap_or_default().to_owned();
        target.application = Some(Named { id: id.to_string(), name });
    }
    Ok(target)
}

/// Loads a resource that another one refers to by id.
pub(crate) async fn load_resource(host: &Host, text: &str) -> Result<Record, Fault> {
    if !text.starts_with('/') {
        return Err(Fault::internal(format!("'{text}' is not a valid resource id")));
    }
    let Some(id) = text.parse::<ResourceId>().ok().filter(ResourceId::is_resource) else {
        return Err(Fault::internal(format!("\"{text}\" is a valid resource id but does not refer to a resource")));
    };
    match host.parts.store.find(&id).await? {
        Some(record) => Ok(record),
        None => Err(absent(text)),
    }
}

/// Says that nothing has an id that a resource refers to.
pub(crate) fn absent(text: &str) -> Fault {
    Fault::internal(format!("the resource {text} was not found"))
}

/// Returns the compute kind of a name.
pub(crate) fn compute_kind(name: &str) -> Option<ComputeKind> {
    ComputeKind::ALL.into_iter().find(|kind| kind.as_str() == name)
}

fn named(record: &Record) -> Named {
    Named { id: record.id.to_string(), name: record.id.name().unwrap_or_default().to_owned() }
}

/// Returns the entry of a type: the one in the very casing first, else in any.
fn find_type<'a>(map: &'a Map<String, Json>, type_name: &TypeName) -> Option<&'a Json> {
    let name = type_name.to_string();
    map.get(&name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(&name)).map(|(_, entry)| entry))
}

/// Splits `<source>:<version>` of a registry module; a colon of a URL or of an earlier segment belongs to the source.
fn module_version(source: &str) -> Option<(&str, &str)> {
    let (path, version) = source.rsplit_once(':')?;
    let is_split = !source.contains("://") && path.contains('/') && !version.contains('/') && !version.is_empty();
    is_split.then_some((path, version))
}

/// Puts parameters over others. A null leaves the choice to whoever has it next: the environment, or the template.
fn overlay(parameters: &mut Map<String, Json>, over: Option<&Map<String, Json>>) {
    for (name, value) in over.into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        parameters.insert(name.clone(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registry_modules_carry_their_version_behind_a_colon() {
        assert_eq!(module_version("ns/name/provider:1.2.3"), Some(("ns/name/provider", "1.2.3")));
        assert_eq!(module_version("host.example:8443/ns/name/provider"), None);
        for whole in ["git::https://example.com/r.git//m?ref=a:b", "git@example.com:o/r", "name:1.0", "/modules/m"] {
            assert_eq!(module_version(whole), None, "{whole}");
        }
    }
}
