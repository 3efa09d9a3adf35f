/** The parts of chart.js that are in use, registered once. Import `Chart` from here. */
import { Chart, LinearScale, LineController, LineElement, LogarithmicScale, PointElement } from 'chart.js'
import annotation from 'chartjs-plugin-annotation'

Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale, annotation)

export { Chart }
