// The part of the table of settings that concerns one start alone.
#include <array>

#include "crossilo/io/config.hpp"

namespace crossilo {

std::span<const LaunchOption> launch_options() {
  static const std::array kOptions = {
      LaunchOption{"np", "N", "", "ranks to start with mpirun"},
      LaunchOption{"simulate", "", "", "fewer ranks than silos: each trains several in turn"},
      LaunchOption{"without_silos", "NAMES", "",
                   "silos of run.silos that are not there, with commas between; run.min_silos must allow it"},
      LaunchOption{
          "resume", "HOW", "auto",
          "auto: go on with the newest unfinished run of that name and these settings, if there is one; never; "
          "or the folder of a run"},
      LaunchOption{"max_hours", "H", "", "stop in time, with a checkpoint and exit code 75"},
      LaunchOption{"runs", "FOLDER", "runs", "where the run's folder is made"},
      LaunchOption{"run_folder", "FOLDER", "", "of ranks started by hand: the folder itself, whatever --resume says"},
      LaunchOption{"json", "", "",
                   "print one JSON object at the end and nothing else; with --np of a run that failed, too"},
      LaunchOption{"quiet", "", "", "only warnings, errors and the last lines"},
      LaunchOption{"verbose", "", "", "the first rank's log, from debug on, on stderr too"}};
  return kOptions;
}

}  // namespace crossilo
