import type { ChatRequest, Dialect } from '../../dialects/dialect.ts';
import type { StreamRules } from '../../dialects/rules.ts';
import type { MetricName } from '../../metrics/catalogue.ts';
import type { Marks, StreamIdentity, StreamObservation } from '../../stream/record.ts';
import type { TargetTimeouts, TargetTls } from '../../target/target.ts';

/** The way bytes get into k6: sends one request and reads its stream to whatever end. */
export interface Driver {
  readonly name: StreamIdentity['driver'];
  /** A threshold on one of these could never have a sample. */
  readonly cannotMeasure: readonly MetricName[];
  /** Never rejects for anything a peer does: a failure is data. */
  stream(request: DriverRequest): Promise<StreamObservation>;
}

export interface DriverRequest {
  readonly transport: Dialect['transport'];
  readonly request: ChatRequest;
  readonly rules: StreamRules;
  readonly timeouts: TargetTimeouts;
  /** The `name` tag of k6's own metrics: dialect and path, never a query. */
  readonly name: string;
  readonly identity: StreamIdentity;
  /** Epoch ms: zero of all marks. */
  readonly startedAt: number;
  readonly marks: Pick<Marks, 'leased'>;
  /** Connections to the host, over all VUs of the process; the extension only. */
  readonly maxConnections?: number;
  /** PEM texts; the extension only. */
  readonly tls?: TargetTls;
  /** Keep the timeline also when the stream completes. */
  readonly keepTimeline: boolean;
}
