"""What a heuristic may see and what it does to instances: contracts, compilation, simulators, bounds.

Arrays in, arrays out: nothing here reads a file of instances or knows the archive.

A score rests on the trusted replay of decisions, a champion also on the audit by the reference interpreter. What these
share with the compiled simulation differs; names of files are those in the problem's room here, or in `problems` where
NumPy is named:

==============  ============================  =============================  ===================  =================
problem         compiled simulation           trusted replay                 plain, for an audit  exported driver
==============  ============================  =============================  ===================  =================
tardiness       loops                         own code, NumPy (scoring)      plain                a whole sequence
bin_packing     loops: levels (by counts, by  own code, NumPy (scoring)      in the simulators    a whole packing
                table), single_bins
vector_packing  loops, nodes                  own code, NumPy (placing)      plain                a whole placement
serving         loop, replica/                compiled, shares replica/      plain/               a decision: order
routing         loop, fleet/, and replica/    compiled, the same loop,       plain/               a decision: route
                of serving                    which follows decisions
==============  ============================  =============================  ===================  =================

So in serving and routing only the audit is independent of the simulation, and it sees the beginning of a few instances
(`JUDGED` values and iterations of each).
"""
