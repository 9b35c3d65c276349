/** How each program of others is configured. */
import type { ForeignProgram } from '../../variants/index.js';
import type { ForeignConfiguration, ForeignProxy } from './configuration.js';
import { configureEnvoy } from './envoy.js';
import { configureHaproxy } from './haproxy.js';
import { configureNginx } from './nginx.js';

export const CONFIGURE: Readonly<Record<ForeignProgram, (one: ForeignProxy) => ForeignConfiguration>> = {
  envoy: configureEnvoy,
  haproxy: configureHaproxy,
  nginx: configureNginx,
};
