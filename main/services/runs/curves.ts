/** Curves of runs, as the screens draw them. */
import type { Curves, CurvesRequest, SeriesCount } from '@shared/domain/curves'
import type { RunStore } from '../../store/store'

/** The part of the runs' service that answers for their curves; the store does the work in its own thread. */
export class CurvesService {
  constructor(private readonly runs: Pick<RunStore, 'curves' | 'seriesOf'>) {}

  /** See `curvesRequestSchema`. @throws StudioError run/not-found */
  curves = (request: CurvesRequest): Promise<Curves> => this.runs.curves(request)

  /** By name. @throws StudioError run/not-found */
  series = (runIds: readonly string[]): Promise<SeriesCount[]> => this.runs.seriesOf(runIds)
}
