/** What pods of tests have that are not about it. */

export const SERVICE = {
  protocol: 'http1',
  stream: null,
  responseBytes: { min: 1024, max: 1024 },
  delayMs: 0,
  faultRate: 0,
} as const;

export const SETTINGS = {
  image: 'localhost/x:1',
  imagePullPolicy: 'Never',
  pullSecrets: [],
  clientNodes: {},
  serviceNodes: {},
  cpuRequest: '50m',
  memoryLimit: '256Mi',
} as const;
