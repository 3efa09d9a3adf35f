/** What happens when something of a dataset could not be read. */
import { StudioError } from '@shared/errors'
import { useNoticesStore } from '../../stores/notices'
import { useSystemStore } from '../../stores/system'

/**
 * @returns tells a failure, unless the screen says it already: the connection is lost (the status bar), or the dataset has
 * been removed (the screen itself).
 */
export function useReadingFailure(): (error: unknown, doing: string) => void {
  const system = useSystemStore()
  const notices = useNoticesStore()
  return (error, doing) => {
    const gone = error instanceof StudioError && error.code === 'dataset/not-found'
    if (!gone && system.connection !== 'lost') notices.fail(error, doing)
  }
}
