import { ConfigError } from '../../config/config-error.ts';
import type { Dialect } from '../../dialects/dialect.ts';
import type { Threshold } from '../../metrics/profile.ts';
import { bufferedDriver } from './buffered.ts';
import type { Driver } from './driver.ts';
import { extensionDriver } from './extension.ts';
import { websocketsDriver } from './websockets.ts';

/** Set by the build: true in dist/stock, whose bundles run in an unmodified k6. */
declare const WEIR_STOCK: boolean;

/** For each transport the drivers that can carry it, the best first. */
const DRIVERS: Readonly<Record<Dialect['transport'], readonly Driver[]>> = WEIR_STOCK
  ? { http: [bufferedDriver], websocket: [websocketsDriver] }
  : {
      http: [extensionDriver, bufferedDriver],
      websocket: [extensionDriver, websocketsDriver],
    };

/** @throws ConfigError for a driver that cannot carry the dialect */
export function chooseDriver(dialect: Dialect, wanted: string | undefined): Driver {
  const able = DRIVERS[dialect.transport];
  const chosen = wanted === undefined ? able[0] : able.find(({ name }) => name === wanted);
  if (chosen !== undefined) return chosen;
  throw new ConfigError(
    '--driver (WEIR_DRIVER)',
    `must be ${able.map(({ name }) => name).join(' or ')} for ${dialect.name} in this bundle`,
    JSON.stringify(wanted),
  );
}

/** A threshold that can never have a sample would say nothing: better no run than that one. */
export function refuseUnmeasurable(driver: Driver, thresholds: readonly Threshold[]): void {
  for (const { metric } of thresholds) {
    if (driver.cannotMeasure.some((name) => name === metric)) {
      throw new ConfigError(
        `threshold ${metric}`,
        `cannot be measured by the driver ${driver.name}; choose another --profile or --driver`,
      );
    }
  }
}
