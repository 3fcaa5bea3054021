"""The study behind `bench learning`: streams, networks, peers, cells and the report."""
