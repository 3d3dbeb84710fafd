//! What people call things elsewhere: in other command lines, in the plural, or in short.

/// Verbs of groups; a word that stands in several rows means the first one that the group has.
const VERBS: &[(&str, &[&str])] = &[
    ("update", &["edit", "modify", "change", "patch", "configure", "alter", "replace"]),
    (
        "create",
        &[
            "add", "new", "make", "mk", "apply", "put", "insert", "init", "register", "upsert", "define", "update",
            "replace", "edit", "modify",
        ],
    ),
    ("register", &["add", "new", "create", "apply", "put", "set", "install"]),
    ("unregister", &["delete", "del", "remove", "rm", "uninstall", "deregister"]),
    ("delete", &["rm", "remove", "del", "destroy", "drop", "erase", "unregister", "uninstall", "revoke", "kill"]),
    ("show", &["get", "describe", "desc", "view", "info", "inspect", "cat", "read", "display", "print", "current"]),
    ("list", &["ls", "all", "index", "get", "list-all", "show-all", "enumerate", "dir", "ll", "search"]),
    ("switch", &["use", "select", "set", "activate", "change", "set-default", "default", "checkout", "set-context"]),
    ("logs", &["log", "tail"]),
    ("expose", &["port-forward", "forward", "open"]),
    ("status", &["state", "ps", "health"]),
    ("graph", &["tree", "connections", "diagram"]),
    ("publish", &["push", "upload", "release"]),
    ("download", &["install", "get", "fetch"]),
    ("new", &["create", "add", "make"]),
];

/// Groups.
const GROUPS: &[(&str, &[&str])] = &[
    ("resource-type", &["type", "kind", "crd", "api-resource", "resource-kind", "definition", "schema"]),
    ("resource-provider", &["provider", "namespace", "ns"]),
    ("resource", &["res", "instance", "object"]),
    ("group", &["resource-group", "resourcegroup", "rg", "grp"]),
    ("environment", &["environ", "envs"]),
    ("application", &["applications"]),
    ("recipe-pack", &["pack", "recipepack"]),
    ("credential", &["cred", "secret", "login", "auth"]),
    ("workspace", &["ws", "context", "ctx", "config"]),
];

/// Commands that stand alone.
const COMMANDS: &[(&str, &[&str])] = &[
    ("deploy", &["apply", "up", "dep", "provision", "install-app"]),
    ("fmt", &["format", "prettify", "prettier"]),
    ("check", &["lint", "verify", "vet", "compile", "build", "diagnose"]),
    ("validate", &["test", "valid"]),
    ("generate", &["gen", "emit", "codegen", "export"]),
    ("convert", &["import", "translate", "migrate", "transform"]),
    ("diff", &["compare", "changes", "breaking"]),
    ("serve", &["server", "start", "daemon", "listen"]),
    ("explain", &["why", "code", "errors", "error", "describe"]),
    ("watch", &["events", "follow", "monitor"]),
    ("lsp", &["language-server", "languageserver"]),
    ("version", &["ver", "about"]),
    ("completion", &["completions", "autocomplete", "complete"]),
];

/// Flags: what is typed, and what may be meant, the likeliest first. Nothing stands for an argument without a flag,
/// `-` for what happens without the flag, too.
pub const FLAGS: &[(&[&str], &[&str])] = &[
    (
        &["file", "filename", "f", "from", "input", "manifest", "path", "body", "template-file", "template"],
        &["from-file", "template-path", "from", ""],
    ),
    (&["path", "template", "source", "url", "template-file"], &["template-path", "from-file", ""]),
    (&["json"], &["format json", "output json"]),
    (&["yaml", "yml"], &["output yaml"]),
    (&["format", "out", "o", "as", "output-format"], &["output", "target", "to"]),
    (&["format", "language", "into", "target"], &["to"]),
    (&["out", "output-dir", "outdir", "out-dir", "dir", "outfile", "output-file", "to", "d"], &["out", "target"]),
    (
        &["type", "resource-type", "t", "resource", "for", "types"],
        &["resource-type", "type", "template-kind", "kind", "target", ""],
    ),
    (&["template-type", "kind"], &["template-kind", "kind", "resource-type", "type", "target", ""]),
    (&["platform", "compute", "compute-kind"], &["kind"]),
    (&["env", "environment-name", "env-name", "environment-id", "e"], &["environment"]),
    (&["app", "application-name", "app-name", "a"], &["application"]),
    (&["resource-group", "resourcegroup", "rg", "group-name", "resource-group-name", "scope", "g"], &["group"]),
    (
        &["param", "params", "parameter", "set", "var", "vars", "values", "parameter-file", "parameters-file", "p"],
        &["parameters"],
    ),
    (&["namespace", "n", "ns", "kube-namespace"], &["kubernetes-namespace"]),
    (&["force", "yes", "y", "no-prompt", "confirm", "assume-yes", "auto-approve", "no-confirm", "f"], &["yes"]),
    (&["version", "apiversion", "api"], &["api-version", "template-version"]),
    (&["server", "host", "endpoint", "address", "server-url", "registry-url", "s"], &["url"]),
    (&["listen", "bind", "addr", "port", "host"], &["address", "listen", "port"]),
    (&["context", "ws", "profile"], &["workspace"]),
    (&["debug", "trace", "vv", "d", "log-level"], &["verbose"]),
    (&["silent", "s", "no-output"], &["quiet"]),
    (&["config-file", "kubeconfig", "c"], &["config"]),
    (&["language", "lang", "emit", "generator", "targets"], &["target"]),
    (&["what-if", "whatif", "plan", "preview-changes", "dryrun"], &["dry-run"]),
    (&["dry-run", "verify", "list-different"], &["check"]),
    (&["follow", "tail", "w", "f"], &["watch", "follow"]),
    (&["write", "autofix", "apply-fixes", "in-place"], &["fix", "-"]),
    (&["strict", "warnings-as-errors", "werror", "deny-warnings"], &["deny warnings"]),
    (&["subscription", "subscription-id", "azure-subscription"], &["azure-subscription-id"]),
    (&["account", "account-id", "aws-account"], &["aws-account-id"]),
    (&["region"], &["aws-region"]),
    (&["tenant"], &["tenant-id"]),
    (&["secret", "password"], &["client-secret"]),
    (&["name", "n", "id"], &[""]),
    (&["old", "base", "before", "new", "head", "after", "code"], &[""]),
    (&["schema", "definition"], &["from", "from-file"]),
    (&["wide", "short", "overwrite", "replace", "upsert"], &["-"]),
];

/// Values of flags and arguments.
const VALUES: &[(&str, &[&str])] = &[
    ("kubernetes", &["k8s", "kube", "kubectl", "eks", "aks", "gke", "k3s", "k3d", "kind", "minikube"]),
    ("docker", &["podman", "containerd", "container", "containers", "compose", "nerdctl"]),
    ("cloudrun", &["cloud-run", "gcp", "google"]),
    ("ecs", &["fargate", "aws"]),
    ("aca", &["container-apps", "containerapps", "azure"]),
    ("azure", &["az", "microsoft"]),
    ("aws", &["amazon"]),
    ("powershell", &["pwsh", "ps", "ps1"]),
    ("bash", &["sh"]),
    ("terraform", &["tf", "opentofu", "tofu", "hcl"]),
    ("template", &["yaml", "kubernetes", "helm"]),
    ("json", &["jsonc", "js"]),
    ("yaml", &["yml"]),
    ("table", &["tsv", "csv", "wide", "columns", "pretty"]),
    ("plain-text", &["text", "plain", "txt", "none", "raw"]),
    ("human", &["text", "pretty", "table", "plain"]),
    ("github", &["gh", "actions"]),
    ("warnings", &["warning", "warn"]),
    ("breaking", &["major", "break", "error", "errors"]),
    ("risky", &["minor", "warning", "warnings"]),
    ("any", &["all", "patch", "info"]),
    ("typescript", &["ts", "node", "js"]),
    ("go", &["golang"]),
    ("openapi", &["openapi3", "oas", "swagger", "openapi3.1"]),
    ("json-schema", &["jsonschema", "schema", "json"]),
    ("bicep", &["bicep-types", "types"]),
    ("docs", &["doc", "md", "markdown", "documentation", "html"]),
    ("manifest", &["yaml", "yml"]),
    ("3.0", &["3", "3.0.0", "3.0.3"]),
    ("3.1", &["3.1.0"]),
    ("sp", &["service-principal", "serviceprincipal"]),
    ("wi", &["workload-identity", "workloadidentity"]),
    ("access-key", &["accesskey", "key", "iam"]),
    ("irsa", &["role"]),
];

fn meanings<'a>(table: &'a [(&'a str, &'a [&'a str])], word: &str) -> impl Iterator<Item = &'a str> {
    table.iter().filter(move |(name, words)| *name == word || words.contains(&word)).map(|(name, _)| *name)
}

/// The verbs that a word may mean, the likeliest first.
pub fn verbs(word: &str) -> impl Iterator<Item = &'static str> {
    meanings(VERBS, word)
}

/// The group that a word in the singular or plural means.
pub fn group(word: &str) -> Option<&'static str> {
    meanings(GROUPS, word).next().or_else(|| meanings(GROUPS, singular(word)?).next())
}

/// The command that a word means.
pub fn command(word: &str) -> Option<&'static str> {
    meanings(COMMANDS, word).next()
}

/// The values that a word may mean.
pub fn values(word: &str) -> impl Iterator<Item = &'static str> {
    meanings(VALUES, word)
}

/// A word in the plural without its ending.
pub fn singular(word: &str) -> Option<&str> {
    word.strip_suffix('s').filter(|word| word.len() > 1)
}
