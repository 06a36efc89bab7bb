import { Scope } from '@nestjs/common';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';

/** A provider, and what led to it: the last one injects the one before it, and so on. */
type Path = readonly [InstanceWrapper, ...InstanceWrapper[]];

/**
 * The name of what makes a provider request-scoped: itself, or what it injects, at whatever depth, with
 * the classes in between. `undefined` for one that lives as long as the application.
 *
 * Waits until Nest knows what the providers inject; so none of them may inject whoever asks.
 */
export async function requestScopeOf(provider?: InstanceWrapper): Promise<string | undefined> {
  const paths = await injectedBy(provider);
  const scoped = paths.find(([{ scope }]) => scope === Scope.REQUEST);
  return scoped && described(scoped);
}

/** A provider and everything that it injects, at whatever depth, the nearest first. */
export async function injectedBy(provider?: InstanceWrapper): Promise<Path[]> {
  const found: Path[] = provider ? [[provider]] : [];
  const seen = new Set([provider]);
  // An array that grows while it is walked is a queue.
  for (const path of found) {
    // oxlint-disable-next-line no-await-in-loop -- the nearest first
    for (const next of await injectedAtOnceBy(path[0])) {
      if (!seen.has(next)) found.push([next, ...path]);
      seen.add(next);
    }
  }
  return found;
}

async function injectedAtOnceBy(wrapper: InstanceWrapper): Promise<InstanceWrapper[]> {
  await wrapper.getInstanceByContextId(STATIC_CONTEXT).donePromise;
  const injected: (InstanceWrapper | undefined)[] = [
    ...(wrapper.getCtorMetadata() ?? []),
    ...(wrapper.getPropertiesMetadata() ?? []).map((property) => property.wrapper),
    ...(wrapper.getEnhancersMetadata() ?? []),
  ];
  // There is a gap for what is optional and missing.
  return injected.filter((next) => next !== undefined);
}

function described([scoped, ...path]: Path): string {
  const through = path.slice(0, -1).filter(isOfClass).map(nameOf);
  return [nameOf(scoped), ...through].join(', through ');
}

function isOfClass({ metatype, inject }: InstanceWrapper): boolean {
  return Boolean(metatype) && !inject;
}

function nameOf(wrapper: InstanceWrapper): string {
  return isOfClass(wrapper) ? String(wrapper.metatype?.name) : String(wrapper.name);
}
