/** What the fields of a custom variant must agree on. */
import { PLACEHOLDERS, placeholdersIn, placeholdersTold } from '../variants/index.js';
import { CUSTOM_FIELDS } from './custom-schema.js';
import type { Disagreement } from './disagreement.js';
import type { Draft } from './draft.js';
import { quote } from './fault.js';
import { nearest } from './suggestion.js';

type Variant = Draft['variants'][number];

/** Faults of the fields that only `custom` has, in a variant of any kind. */
export function customFaults(index: number, variant: Variant, kind: string, custom: boolean): Disagreement[] {
  if (!custom) {
    return CUSTOM_FIELDS.filter((field) => variant[field] !== undefined).map((field) => ({
      path: ['variants', index, field],
      message: `\`${field}\` is only for \`kind: custom\`, and this is \`${kind}\``,
    }));
  }
  const found: Disagreement[] = [];
  const [program] = variant.command ?? [];
  if (variant.build !== undefined && program?.startsWith('/') === true) {
    found.push({
      path: ['variants', index, 'command', 0],
      message: `\`command\` must start with a path from the folder that \`build\` runs in, such as \`./my-proxy\`: at ${quote(program)} one program would stand for every version`,
    });
  }
  for (const name of Object.keys(variant.env ?? {})) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) continue;
    found.push({
      path: ['variants', index, 'env', name],
      message: `${quote(name)} is no name of an environment variable: letters, digits and underscores, no digit first`,
    });
  }
  return [...found, ...missingAddresses(index, variant), ...unknownPlaceholders(index, variant)];
}

/** An image without a command is told by its environment alone. On one machine there are no images, which is said elsewhere. */
export function silentImageFaults(index: number, { command, env, image }: Variant): Disagreement[] {
  if (image === undefined || command !== undefined) return [];
  const missing = addressesMissing([], env ?? {});
  const message = `an image without a \`command\` must be told by \`env\` where to listen and where to send; ${quotedAll(missing)} ${missing.length > 1 ? 'are' : 'is'} missing there`;
  return missing.length === 0 ? [] : [{ path: ['variants', index, 'image'], message }];
}

/** Which of the two addresses a proxy is not told. */
function addressesMissing(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): readonly string[] {
  const told = placeholdersTold(command, env);
  return ['listen', 'upstream'].filter((one) => !told.has(one) && !told.has(`${one}Port`));
}

function quotedAll(names: readonly string[]): string {
  return names.map((one) => `\`"{${one}}"\``).join(' and ');
}

/** A proxy must be told where to listen and where to send, by its command or its environment. */
function missingAddresses(index: number, { command, env }: Variant): Disagreement[] {
  if (command === undefined) return [];
  const missing = addressesMissing(command, env ?? {});
  return missing.length === 0
    ? []
    : [
        {
          path: ['variants', index, 'command'],
          message: `\`command\` must contain ${quotedAll(missing)}, which meshmark replaces by host:port`,
        },
      ];
}

/** What is near to a placeholder is a slip; anything else in braces is the program's own. */
function unknownPlaceholders(index: number, { command, env, metrics }: Variant): Disagreement[] {
  const texts: (readonly [readonly (string | number)[], string])[] = [
    ...(command ?? []).map((word, position) => [['command', position], word] as const),
    ...Object.entries(env ?? {}).map(([name, text]) => [['env', name], text] as const),
    ...(metrics === undefined ? [] : [[['metrics', 'url'], metrics.url] as const]),
  ];
  return texts.flatMap(([path, text]) =>
    placeholdersIn(text)
      .filter((name) => !PLACEHOLDERS.some((known) => known === name))
      .flatMap((name) => {
        const near = nearest(name, PLACEHOLDERS);
        const message = `unknown placeholder ${quote(`{${name}}`)}; did you mean \`{${near}}\`?`;
        return near === null ? [] : [{ path: ['variants', index, ...path], message }];
      }),
  );
}
