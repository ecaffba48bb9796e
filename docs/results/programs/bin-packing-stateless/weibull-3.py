# c_2bde31ee50: the champion of `heuresis evolve bin-packing-stateless --family weibull --minutes 10 --workers 2 --seed 3`

def score(item, rem, cap):
    value = 0.704923 * (-rem if rem < cap else rem / item - 0.397221 + 0.123501)
    value += 1.16082 * (0.293085 + 1.33076 * (min(rem, item) / rem) if item < rem else 0) * cap
    value -= 1.13961 * (0.798376 * (0.852158 if (rem - item) / item < (1.42907 if rem < cap else 0) * 0.0260213 else 0)) * item
    value -= 0.379694 * ((1.42907 if rem < cap else 0) * 0.0260213) * cap
    value += 0.335871 * math.exp(-abs(2.13569 * (0.89975 * (cap - rem) / item - 0.399895))) * item
    value += 0.105188 * (math.exp(-abs(3.42053 * ((rem - item) / item - 0.0269181))) * (1.0 if item / cap < 0.335138 else 0)) * rem
    return value
