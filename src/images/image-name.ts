/** Names of images at registries: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests. */

export interface ImageName {
  /** Host, with a port where it has one. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${PART}(?:/${PART})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
/** Many registries store host and repository in 255 characters. */
const MOST_CHARACTERS = 255;

/** The parts of `REGISTRY/NAME[:TAG]`, or what is wrong with it and the mend. */
export function parseImageName(
  text: string,
  defaultTag: string,
): { readonly ok: true; readonly name: ImageName } | { readonly ok: false; readonly problem: string } {
  const wrong = (problem: string) => ({ ok: false, problem }) as const;
  // What stands before an @ may be a password: it is not repeated.
  if (text.includes('@')) {
    return wrong(
      'the name of the image has an @: leave out the digest, which follows from what is pushed, and give users by --user',
    );
  }
  const quoted = JSON.stringify(text);
  if (text.includes('://')) return wrong(`${quoted}: leave out what stands before the registry’s host`);
  const slash = text.indexOf('/');
  const registry = text.slice(0, Math.max(slash, 0));
  // As for other tools, a first part without a dot or port is no host: `team/image` would be looked for on Docker Hub.
  if (!/[.:]/.test(registry) && registry !== 'localhost') {
    return wrong(
      `${quoted} names no registry: begin with its host, as in registry.example/meshmark/dataplane:1`,
    );
  }
  const [, port] = /:(\d+)$/.exec(registry) ?? [];
  if (!REGISTRY.test(registry) || (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))) {
    return wrong(`${quoted}: ${JSON.stringify(registry)} is no host, or host:port`);
  }
  const rest = text.slice(slash + 1);
  const colon = rest.indexOf(':');
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? defaultTag : rest.slice(colon + 1);
  if (!REPOSITORY.test(repository) || registry.length + 1 + repository.length > MOST_CHARACTERS) {
    return wrong(
      `${quoted}: ${JSON.stringify(repository)} is no repository: take lower-case letters, digits and single . _ - between them, parts apart by /`,
    );
  }
  if (!TAG.test(tag)) {
    return wrong(
      `${quoted}: ${JSON.stringify(tag)} is no tag: take at most 128 letters, digits, and . _ - after the first`,
    );
  }
  return { ok: true, name: { registry, repository, tag } };
}
