// What is searched: the resources as they are served, and the parameters that the server declares for them.

import { byUrl, definition } from './definitions.mjs';
import { composites, values } from './evaluate.mjs';
import { TYPES } from './match/index.mjs';
import { local } from './match/reference.mjs';
import { Random } from './random.mjs';

export class World {
  constructor({ base, zone, now, seed, statement, resources }) {
    this.base = base;
    this.zone = zone;
    this.now = BigInt(now) * 1000n;
    this.random = new Random(seed);
    this.declared = statement.rest[0].resource;
    this.byType = Map.groupBy?.(resources, ({ resourceType }) => resourceType) ?? grouped(resources);
    this.byReference = new Map(resources.map((resource) => [key(resource), resource]));
  }

  get types() {
    return this.declared.map(({ type }) => type);
  }

  resources(type) {
    return this.byType.get(type) ?? [];
  }

  // The declared parameters of a type that have an expression, with their official definition.
  parameters(type) {
    const { searchParam = [] } = this.declared.find((each) => each.type === type) ?? {};
    const found = searchParam.map(({ name }) => definition(type, name)).filter((each) => each?.expression);
    return [...new Map(found.map((each) => [each.code, new Parameter(type, each)])).values()];
  }

  parameter(type, code) {
    return this.parameters(type).find((each) => each.code === code);
  }

  // The resource that a reference leads to, if it is served.
  resolve(value) {
    const named = local(value, this.base);
    return named && this.byReference.get(`${named.type}/${named.id}`);
  }
}

function grouped(resources) {
  const found = new Map();
  for (const resource of resources) {
    found.set(resource.resourceType, [...(found.get(resource.resourceType) ?? []), resource]);
  }
  return found;
}

export const key = ({ resourceType, id }) => `${resourceType}/${id}`;

// A search parameter of a resource type.
export class Parameter {
  constructor(type, official) {
    this.type = type;
    this.official = official;
    this.code = official.code;
    this.kind = official.type;
    this.targets = official.target ?? [];
    const components = (official.component ?? []).map(({ definition: url, expression }) => ({ expression, kind: byUrl.get(url)?.type }));
    this.components = components;
  }

  values(resource) {
    return values(this.official, resource);
  }

  tuples(resource) {
    return composites(this.official, this.components, resource);
  }

  // All values that the resources have.
  fields(resources) {
    return resources.flatMap((resource) => this.values(resource));
  }

  get matcher() {
    return TYPES[this.kind];
  }
}
