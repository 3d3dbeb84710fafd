// For the reference compiler: remembers the arguments of every decorator under `Radii.<name>`.
// What they mean is the business of `rad`.
const names = [
  "resourceProvider",
  "provider",
  "resourceType",
  "capability",
  "defaultApiVersion",
  "validate",
  "immutable",
  "sensitive",
  "source",
  "resourceReference",
  "resourceId",
  "connection",
  "envName",
  "platformOptions",
  "requiredWhen",
  "annotate",
  "maturity",
  "owner",
  "icon",
  "category",
  "recipe",
  "location",
];

function recorder(name) {
  const key = Symbol.for(`Radii.${name}`);
  return ({ program }, target, ...args) => {
    const uses = program.stateMap(key);
    uses.set(target, [...(uses.get(target) ?? []), args]);
  };
}

export const $lib = { name: "@radii/typespec", diagnostics: {} };
export const $decorators = {
  Radii: Object.fromEntries(names.map((name) => [name, recorder(name)])),
};
