//! The recipes below `types/`: each renders on both platforms, and keeps the promises of its type's manifest.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use radii_model::document::{Limits, parse_yaml};
use radii_platform_docker::{DockerPlatform, Engine};
use radii_platform_kubernetes::KubernetesPlatform;
use radii_recipes::template::TemplateDriver;
use radii_runtime::Fault;
use radii_runtime::platform::{ComputeKind, Health, Named, Object, ObjectRef, Observed, Platform, Target, Workload};
use radii_runtime::recipe::{Cancel, Outcome, Recipe, RecipeDriver, Run, Settings};
use serde_json::{Map, Value as Json, json};

use crate::fakes::{FakeJournal, around, context};

/// Adopts as the real platform does, and applies nothing.
struct Dry<P>(P);

#[async_trait]
impl<P: Platform> Platform for Dry<P> {
    fn kind(&self) -> ComputeKind {
        self.0.kind()
    }

    fn render(&self, target: &Target, workload: &Workload) -> Result<Vec<Object>, Fault> {
        self.0.render(target, workload)
    }

    fn adopt(&self, target: &Target, body: Json) -> Result<Object, Fault> {
        self.0.adopt(target, body)
    }

    async fn apply(&self, _: &Target, _: &Object) -> Result<Observed, Fault> {
        Ok(Observed { health: Health::Ready, message: String::new(), endpoints: Default::default() })
    }

    async fn observe(&self, reference: &ObjectRef) -> Result<Observed, Fault> {
        self.0.observe(reference).await
    }

    async fn delete(&self, reference: &ObjectRef) -> Result<(), Fault> {
        self.0.delete(reference).await
    }
}

/// All recipes, with the folders of their types.
fn shipped() -> Vec<(PathBuf, PathBuf)> {
    let types = Path::new(env!("CARGO_MANIFEST_DIR")).join("../types");
    let folders = |path: &Path| -> Vec<PathBuf> {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries
    };
    let mut recipes = Vec::new();
    for provider in folders(&types).into_iter().filter(|path| path.is_dir()) {
        for kind in folders(&provider).into_iter().filter(|path| path.join("recipes").is_dir()) {
            recipes.extend(folders(&kind.join("recipes")).into_iter().map(|recipe| (kind.clone(), recipe)));
        }
    }
    assert!(recipes.len() >= 6, "{recipes:?}");
    recipes
}

async fn execute(path: &Path, kind: ComputeKind, namespace: &str, platform: &dyn Platform) -> Result<Outcome, Fault> {
    let recipe = Recipe {
        name: "default".to_owned(),
        kind: "template".to_owned(),
        path: path.display().to_string(),
        version: None,
        plain_http: false,
        parameters: Map::new(),
        operators: None,
        outputs: Map::new(),
    };
    let target = Target {
        kind,
        environment: Named { id: String::new(), name: "dev".to_owned() },
        application: Some(Named { id: String::new(), name: "todo".to_owned() }),
        environment_namespace: "dev".to_owned(),
        namespace: namespace.to_owned(),
        compute: Map::new(),
    };
    let (settings, cancel) = (Settings::default(), Cancel::default());
    let run = Run {
        recipe: &recipe,
        context: &context(json!({})),
        shown: &context(json!({})),
        target: &target,
        platform: Some(platform),
        journal: &FakeJournal::default(),
        previous: None,
        unfinished: None,
        around: around(&settings, &cancel),
    };
    TemplateDriver::with_seeds(|| [7; 32]).reading_from(path.parent().map(Path::to_owned)).execute(run).await
}

/// Names of the read-only properties that a type declares.
fn read_only(kind: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(kind.join("manifest.yaml")).unwrap();
    let manifest = parse_yaml(Default::default(), &text, Limits::default()).unwrap().to_json();
    let name = kind.file_name().unwrap().to_str().unwrap();
    let properties = &manifest["types"][name]["apiVersions"]["2025-01-01-preview"]["schema"]["properties"];
    let properties = properties.as_object().unwrap().iter();
    properties.filter(|(_, schema)| schema["readOnly"] == true).map(|(name, _)| name.clone()).collect()
}

#[tokio::test]
async fn every_recipe_fills_the_read_only_properties_of_its_type_on_both_platforms() {
    let docker = Dry(DockerPlatform::new(Engine::at("unix:///not/asked")));
    let kubernetes = Dry(KubernetesPlatform::default());
    for (kind, recipe) in shipped() {
        let platforms: [&dyn Platform; 2] = [&docker, &kubernetes];
        for platform in platforms {
            let outcome = execute(&recipe, platform.kind(), "dev-todo", platform).await;
            let outcome = outcome.unwrap_or_else(|fault| panic!("{}: {fault}", recipe.display()));
            let mut filled: Vec<String> = outcome.values.keys().cloned().collect();
            filled.sort();
            let mut promised = read_only(&kind);
            promised.sort();
            assert_eq!(filled, promised, "{}", recipe.display());
        }
    }
}

/// Runs where an engine answers at `RADII_TEST_DOCKER_HOST` or `DOCKER_HOST`.
#[tokio::test]
async fn every_stand_in_runs_on_a_real_engine() {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let Some(address) = variable("RADII_TEST_DOCKER_HOST").or_else(|| variable("DOCKER_HOST")) else {
        eprintln!(
            "skipped: neither RADII_TEST_DOCKER_HOST nor DOCKER_HOST is set; `tests/engine/start` starts an engine"
        );
        return;
    };
    let docker = DockerPlatform::new(Engine::at(address));
    if let Err(fault) = docker.engine().greet().await {
        eprintln!("skipped: {fault}");
        return;
    }
    let stand_ins = shipped().into_iter().filter(|(_, recipe)| recipe.ends_with("stand-in.yaml"));
    for (index, (_, recipe)) in stand_ins.enumerate() {
        let namespace = format!("r{}-{index}", std::process::id());
        let outcome = execute(&recipe, ComputeKind::Docker, &namespace, &docker).await;
        let client = docker.engine().client().await.unwrap();
        let containers = client.list_containers(None).await.unwrap();
        let ours = |name: &&str| name.starts_with(&format!("{namespace}-"));
        let names: Vec<String> = containers
            .iter()
            .flat_map(|container| container.names.iter().flatten())
            .map(|name| name.trim_start_matches('/'))
            .filter(ours)
            .map(|name| name[namespace.len() + 1..].to_owned())
            .collect();
        for name in &names {
            let reference = ObjectRef {
                platform: ComputeKind::Docker,
                kind: "container".to_owned(),
                namespace: namespace.clone(),
                name: name.clone(),
                cluster: None,
            };
            docker.delete(&reference).await.unwrap();
        }
        assert_eq!(outcome.unwrap().values["host"], "db");
        assert_eq!(names.len(), 1, "{names:?}");
    }
}
