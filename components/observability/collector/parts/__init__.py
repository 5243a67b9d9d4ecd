"""The parts of a Collector's configuration, typed as the Collector reads them. Pure."""
