/**
 * `npm run cluster -- up|down|status`: a real Kubernetes of one or two nodes on this machine, without Docker and without an
 * image registry, for tests. Needs root on Linux. Exits 2 when it is not understood, 4 when it cannot stand.
 */
import { existsSync } from 'node:fs';
import { printFault, setupStep } from '../setup/steps.mjs';
import { bringUp, takeDown } from './cluster.mjs';
import { CONTROL_PLANE } from './control-plane.mjs';
import { KUBECONFIG, NODES, STATE } from './layout.mjs';
import { runningPid, startedProcesses } from './processes.mjs';

const USAGE = `Usage: npm run cluster -- up [--nodes 1|2] [--image ARCHIVE]... | down | status

  up      brings a cluster up, in place of one that stands; with --image it is given an OCI archive
  down    removes it, with everything it made
  status  says what of it runs

The first time, Kubernetes is built from its Go modules into your cache, which takes 15 to 25 minutes.
`;

/** @param {readonly string[]} args @returns {{nodes: 1 | 2, images: string[]} | null} */
function optionsOf(args) {
  /** @type {{nodes: 1 | 2, images: string[]}} */
  const options = { nodes: 1, images: [] };
  for (let at = 0; at < args.length; at += 2) {
    const value = args[at + 1];
    if (args[at] === '--image' && value !== undefined) options.images.push(value);
    else if (args[at] === '--nodes' && (value === '1' || value === '2'))
      options.nodes = value === '1' ? 1 : 2;
    else return null;
  }
  return options;
}

/** @param {string} place @param {string} state @param {string} name */
function statusLine(place, state, name) {
  const pid = runningPid(state, name);
  return `${place.padEnd(15)}${name.padEnd(26)}${pid === null ? 'not running' : `pid ${pid}`}`;
}

async function main() {
  const [command, ...args] = process.argv.slice(2);
  const options = optionsOf(args);
  if (command === 'up' && options !== null) {
    await bringUp(options.nodes, options.images);
    console.log(`\n  export KUBECONFIG=${KUBECONFIG}\n`);
    return;
  }
  if (command === 'down' && args.length === 0) {
    await setupStep('test cluster', async () => {
      const stood = existsSync(STATE);
      await takeDown();
      return stood ? 'removed' : 'there was none';
    });
    return;
  }
  if (command === 'status' && args.length === 0) {
    if (!existsSync(STATE)) {
      console.log('there is no test cluster');
      return;
    }
    for (const name of CONTROL_PLANE) console.log(statusLine('control plane', STATE, name));
    for (const node of NODES) {
      for (const name of startedProcesses(node.state)) console.log(statusLine(node.name, node.state, name));
    }
    return;
  }
  process.stderr.write(USAGE);
  process.exitCode = 2;
}

try {
  await main();
} catch (error) {
  printFault(error);
  process.exitCode = 4;
}
