/** Import rules: which room may import which, and what keeps the pure rooms pure. */
const { join } = require('node:path');

/** Every folder of src, and the other rooms it may import. Left of `record` the arrow points to what is consumed. */
const ROOMS = {
  record: [],
  import: ['record'],
  variants: ['record'],
  scenario: ['record', 'variants'],
  plan: ['scenario', 'variants', 'record'],
  host: [],
  load: ['host', 'record'],
  probes: ['host', 'record'],
  cluster: ['host', 'variants', 'record'],
  clinic: ['host', 'record'],
  runner: ['plan', 'cluster', 'clinic', 'load', 'probes', 'variants', 'record', 'host'],
  stats: ['record'],
  gate: ['record', 'stats'],
  history: ['record', 'stats'],
  baseline: ['record', 'gate', 'history'],
  profile: ['record'],
  report: ['record', 'stats', 'gate', 'profile', 'history'],
  images: [],
  // A program of its own that the harness starts as a process: what it imported would run in the measured process.
  'node-sidecar': [],
};

/** Rooms that wire the others together, and that nobody imports. */
const WIRING = ['cli', 'acceptance'];

/** Tests, and programs for developers that no user runs. */
const TESTS = '(\\.test\\.ts$|/testing/|^src/acceptance/|/simulation/|/bench\\.ts$|/write(-schema)?\\.ts$)';

/** Rooms that are pure functions of what they are given: no files, processes or sockets. */
const PURE_ROOMS = '^src/(scenario|plan|variants|stats|gate|profile)/';

const roomRules = Object.entries(ROOMS).map(([room, others]) => ({
  name: `room-${room}`,
  comment: `src/${room} may import ${others.length === 0 ? 'no other room' : others.join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  // What builds test data may be shared by all tests; a rule of its own keeps it there.
  to: { path: '^src/', pathNot: [`^src/(${[room, ...others].join('|')})/`, '/testing/'] },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'unknown-room',
      comment: 'A new folder of src needs a row in ROOMS of this file.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: `^src/(${[...Object.keys(ROOMS), ...WIRING].join('|')})/` },
    },
    {
      name: 'nobody-imports-the-wiring',
      comment: 'The command line and the end-to-end tests join rooms; no room knows them.',
      severity: 'error',
      from: { pathNot: '^src/(cli|acceptance)/' },
      to: { path: '^src/(cli|acceptance)/' },
    },
    {
      name: 'through-the-front-door',
      comment: 'Another room is imported through its index.ts; only tests may use its testing folder.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', '/testing/'] },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'What builds test data does not belong in the product.',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: '/testing/' },
    },
    {
      name: 'pure-rooms-touch-nothing',
      comment: 'These rooms get text and values and return values; reading and writing is for others.',
      severity: 'error',
      from: { path: PURE_ROOMS, pathNot: TESTS },
      to: { path: '^(node:)?(fs|fs/promises|child_process|net|http|https|worker_threads|os)$' },
    },
    {
      name: 'processes-start-in-one-place',
      comment: 'What src/host starts cannot outlive the harness; the command line may ask a system tool.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(host|cli)/', TESTS] },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'no-cycles',
      comment: 'Modules that need each other are one module.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A module that nothing imports and that imports nothing is left over.',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', TESTS, '^src/cli/main\\.ts$'] },
      to: {},
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere also escapes every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependencies',
      comment: 'Only what package.json names as a dependency is there when the package is installed.',
      severity: 'error',
      from: { path: '^src/', pathNot: [TESTS, '^src/report/client/'] },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
        pathNot: '@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Type imports count: a room that knows another's types depends on it.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: join(__dirname, '..', '..', 'tsconfig.json') },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
