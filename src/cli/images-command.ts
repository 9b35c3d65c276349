/** `meshmark images`: making and handing on the container images that a cluster runs meshmark's programs from. */
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EnvironmentFault, packageVersion } from '../host/index.js';
import {
  type Credentials,
  dockerCredentials,
  type ImageName,
  ociArchive,
  parseImageName,
  pushImage,
  RegistryFault,
} from '../images/index.js';
import { dataPlaneImage } from './data-plane-image.js';
import type { ExtraProgram } from './image-programs.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import { plainText, type Terminal } from './terminal.js';

/** A repository as registries take it, and a tag: https://github.com/opencontainers/distribution-spec/blob/main/spec.md. */
const IMAGE_NAME = /^[a-z0-9][a-z0-9._/:-]*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** Writes the image to `file`. Throws UsageFault for a name that is none, EnvironmentFault when it cannot be built or written. */
export function saveImage(
  terminal: Terminal,
  file: string,
  options: { readonly name: string; readonly with?: readonly ExtraProgram[]; readonly json?: boolean },
): ExitCode {
  const { name } = options;
  if (!IMAGE_NAME.test(name)) {
    throw new UsageFault([
      `--name must be a repository with a tag, such as \`registry.example/meshmark/dataplane:1\`, not \`${name}\``,
    ]);
  }
  const path = resolve(file);
  // The first build takes a minute: what can be known before it is told before it.
  mustBeWritable(dirname(path));
  const { image, architectures } = dataPlaneImage(options.with ?? []);
  const { digest } = image.root;
  try {
    writeFileSync(path, ociArchive(name, image));
  } catch (error) {
    throw notWritten(error);
  }
  if (options.json === true) {
    const said = { schema: 'meshmark.image/1', name, digest, architectures, file: path };
    terminal.print(JSON.stringify(said, null, 2));
    return EXIT.passed;
  }
  terminal.print(`${name} for ${architectures.join(' and ')}, ${digest}: ${path}`);
  noteOneArchitecture(terminal, architectures);
  terminal.note(`load it by: ctr -n k8s.io images import ${file} · kind load image-archive ${file}`);
  return EXIT.passed;
}

/**
 * Pushes the image to a registry and prints the name to deploy it by. Throws UsageFault for a name that is none,
 * EnvironmentFault when it cannot be built or the registry does not take it. No message holds a password.
 */
export async function pushImageCommand(
  terminal: Terminal,
  text: string,
  options: {
    readonly with?: readonly ExtraProgram[];
    readonly insecure?: boolean;
    readonly user?: string;
    readonly passwordStdin?: boolean;
    readonly json?: boolean;
  },
): Promise<ExitCode> {
  const parsed = parseImageName(text, packageVersion());
  if (!parsed.ok) throw new UsageFault([parsed.problem]);
  const { name } = parsed;
  try {
    const credentials = givenCredentials(options) ?? dockerCredentials(name.registry);
    const { image, architectures } = dataPlaneImage(options.with ?? []);
    const { sentBytes, presentBytes } = await pushImage(name, image, {
      credentials,
      plainHttp: options.insecure === true,
      progress: ({ size }) => terminal.status(`pushing ${mebibytes(size)} to ${name.registry}`),
    });
    const { digest } = image.root;
    const reference = `${name.registry}/${name.repository}@${digest}`;
    if (options.json === true) {
      const said = { schema: 'meshmark.pushed-image/1', reference, digest, tag: name.tag, architectures };
      terminal.print(JSON.stringify({ ...said, sentBytes, presentBytes }, null, 2));
      return EXIT.passed;
    }
    terminal.print(reference);
    noteOneArchitecture(terminal, architectures);
    terminal.note(
      `tagged ${name.tag}; ${mebibytes(sentBytes)} sent, ${mebibytes(presentBytes)} were there already`,
    );
    return EXIT.passed;
  } catch (error) {
    throw error instanceof RegistryFault ? notPushed(name, error) : error;
  }
}

/** Null when the caller names nobody. */
function givenCredentials({
  user,
  passwordStdin,
}: {
  readonly user?: string;
  readonly passwordStdin?: boolean;
}): Credentials | null {
  if (user === undefined && passwordStdin !== true) return null;
  if (user === undefined || user === '' || user.includes(':') || passwordStdin !== true) {
    throw new UsageFault([
      '--user and --password-stdin go together: give a user without a colon, and the password on stdin',
    ]);
  }
  const password = readFileSync(0, 'utf8').replace(/\r?\n$/, '');
  if (password === '') throw new UsageFault(['--password-stdin: stdin is empty; pipe the password into it']);
  return { user, password };
}

function noteOneArchitecture(terminal: Terminal, architectures: readonly string[]): void {
  const [only] = architectures;
  if (architectures.length > 1 || only === undefined) return;
  terminal.note(`for ${only} alone: the programs of --with are those of this machine`);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function notPushed({ repository }: ImageName, fault: RegistryFault): EnvironmentFault {
  return new EnvironmentFault(
    'IMAGE_NOT_PUSHED',
    `${repository} was not pushed: ${plainText(fault.message)}`,
  );
}

function mustBeWritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw notWritten(error);
  }
}

function notWritten(error: unknown): EnvironmentFault {
  const reason = error instanceof Error ? error.message : String(error);
  return new EnvironmentFault('IMAGE_NOT_WRITTEN', `the image could not be written: ${reason}`);
}
