# contract: smtt
# expect: rejected
# Reaches the frames of its callers through a traceback.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    try:
        p / 0
    except ZeroDivisionError as error:
        error.__traceback__.tb_frame.f_back.f_globals.clear()
    return p
