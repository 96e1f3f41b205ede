import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
import { CATALOGUE, type Metric } from '../metrics/catalogue.ts';

/**
 * Registers every metric of the catalogue, so that a threshold on any of them is known to k6 (else
 * it exits 104). The extension registers the same ones and pushes the samples of streams itself.
 */
export function registerMetrics(): Readonly<Record<string, Counter | Gauge | Rate | Trend>> {
  return Object.fromEntries(
    Object.entries<Metric>(CATALOGUE).map(([name, metric]) => [name, create(name, metric)]),
  );
}

function create(name: string, { type, unit }: Metric): Counter | Gauge | Rate | Trend {
  if (type === 'trend') return new Trend(name, unit === 'ms');
  if (type === 'counter') return new Counter(name);
  return type === 'rate' ? new Rate(name) : new Gauge(name);
}
